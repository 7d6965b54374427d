import { describe } from "vitest";
import * as pages from "../program/pages/memory.ts";
import { memoryTests, type Run } from "../support/memory-expectations.ts";

type Functions = Record<string, (...args: never[]) => Promise<unknown>>;
const all: Functions = pages as Functions;
const run = ((name: string, ...args: never[]) => all[name](...args)) as Run;

describe("names and memory on the references", () => memoryTests(run, true));
