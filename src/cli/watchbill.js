#!/usr/bin/env node
// Plain JavaScript that any Node can read: an older one would end in a loader error at the first .ts file.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 24 || (major === 24 && minor < 11)) {
  process.stderr.write(
    `Watchbill needs Node 24.11 or newer and this is ${process.versions.node}; it brings its own Node, so run ` +
      '`npm start`, `npm run demo` or `npx watchbill …` instead.\n',
  )
  process.exitCode = 2
} else {
  await import('./index.ts')
}
