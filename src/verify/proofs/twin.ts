import type { Variable } from "../../graph/tensor.ts";
import type { HostArray, NamedArray } from "../../graph/types.ts";
import { compile } from "../../program/compile.ts";
import { Engine } from "../../program/engine.ts";
import type { Program } from "../../program/program.ts";
import { save } from "../../program/save-load.ts";
import type { CompileSpec, Tensors } from "../../program/spec.ts";
import type { Pair } from "../finding.ts";

type Values = Readonly<Record<string, ArrayLike<number>>>;

/** What a run gave on the GPU and by the references: the outputs, or the message of its error. */
export interface Both {
  readonly gpu: Values;
  readonly right: Values;
  readonly errors: readonly [gpu: string, right: string];
}

/** A program on the GPU, and the same program on the CPU references, run side by side. */
export class Twins {
  readonly engine: Engine;
  readonly references: Engine;
  readonly #programs: readonly [Program, Program];
  readonly #variables: readonly Variable[];
  /** Names of what the engine held before: other cases'. */
  readonly #before: ReadonlySet<string>;

  private constructor(
    engines: readonly [Engine, Engine],
    programs: readonly [Program, Program],
    variables: readonly Variable[],
    before: ReadonlySet<string>,
  ) {
    [this.engine, this.references] = engines;
    this.#programs = programs;
    this.#variables = variables;
    this.#before = before;
  }

  /**
   * @param segments variables that lie in buffers of their own, each list one after another in one
   */
  static async create(engine: Engine, spec: CompileSpec<Tensors, Tensors>, segments: readonly (readonly Variable[])[]): Promise<Twins> {
    const references = await Engine.create({ reference: true, seed: engine.seed });
    const before = new Set(Object.keys(await save(engine)));
    for (const members of segments) await layTogether(engine, members);
    const programs = [await compile(engine, spec), await compile(references, spec)] as unknown as readonly [Program, Program];
    return new Twins([engine, references], programs, segments.flat(), before);
  }

  /** One run on each. */
  async run(batch: Readonly<Record<string, HostArray>>, read: readonly string[]): Promise<Both> {
    const given: Values[] = [];
    const errors: string[] = [];
    for (const program of this.#programs) {
      try {
        given.push((await program.run(batch as never, { read: read as never })) as Values);
        errors.push("");
      } catch (error) {
        given.push({});
        errors.push(error instanceof Error ? error.message : String(error));
      }
    }
    return { gpu: given[0], right: given[1], errors: [errors[0], errors[1]] };
  }

  /** The variables on the GPU beside those of the references, by a bound for each value. */
  async variables(bound: (right: number) => number): Promise<Pair[]> {
    const pairs: Pair[] = [];
    for (const variable of this.#variables) {
      const right = Float64Array.from(await this.references.read(variable));
      pairs.push({ name: variable.name, actual: await this.engine.read(variable), right, bound: right.map(bound) });
    }
    return pairs;
  }

  /** Bits of all float arrays of this program on the GPU: variables and what the optimizers carry. */
  async bits(): Promise<Readonly<Record<string, string>>> {
    const arrays = Object.entries(await save(this.engine)) as [string, NamedArray][];
    const own = arrays.filter(([name, { dtype }]) => dtype === "f32" && !this.#before.has(name));
    return Object.fromEntries(own.map(([name, { data }]) => [name, new Uint8Array(data.buffer, data.byteOffset, data.byteLength).join()]));
  }

  dispose(): void {
    for (const program of this.#programs) program.dispose();
    this.references.dispose();
  }
}

/** Makes variables that the engine does not know yet, together in one buffer. */
async function layTogether(engine: Engine, members: readonly Variable[]): Promise<void> {
  const outputs = Object.fromEntries(members.map((variable, i) => [`variable ${i}`, variable]));
  const program = await compile(engine, { inputs: {}, outputs });
  program.dispose();
}
