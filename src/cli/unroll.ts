#!/usr/bin/env node
import { main } from "./main.ts";

// Dawn's threads keep a Node process alive, so it ends itself.
process.exit(await main(process.argv.slice(2)));
