#!/usr/bin/env node
import { main } from "./main.ts";

// Whoever reads may have had enough, as `| head` has: nobody is there to be told anything.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? 0 : 1);
  });

// Dawn's threads keep a Node process alive, so it ends itself.
process.exit(await main(process.argv.slice(2)));
