// No download at install: the tests bring their own Chromium from the npm registry, and the CLI looks for an installed one first.
module.exports = { skipDownload: true };
