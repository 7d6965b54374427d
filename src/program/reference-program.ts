import { check, checkOptions } from "../errors.ts";
import { hostArray, type Tensor, type Variable } from "../graph/tensor.ts";
import type { HostArray } from "../graph/types.ts";
import { CONTROL, type Update } from "../graph/update.ts";
import { clipGradients } from "../ops/update/norm.ts";
import { checkBatch, checkRead, type Types } from "./batch.ts";
import type { Engine } from "./engine.ts";
import { evaluate } from "./evaluate.ts";
import { computedStatus, indexError } from "./indices/flag.ts";
import { type InputRange, RUN } from "./indices/range.ts";
import { type ComputedIndices, traceIndices } from "./indices/trace.ts";
import { type Launchable, launch, newRun, type Run, type Started } from "./launch.ts";
import { leavesOf, nodesOf } from "./order.ts";
import { partsOf, stepsOf } from "./parts.ts";
import { type GraphSpec, rootsOf } from "./plan/plan.ts";
import { type AnyBatch, type AnyResults, countsSteps, disposedProgram, nonFinite, type Program } from "./program.ts";
import type { ReferenceStore } from "./reference-store.ts";
import { stateName } from "./store.ts";
import type { Uses } from "./uses.ts";
import { variablesOf } from "./variables.ts";

type Optimize = Extract<Update, { kind: "optimize" }>;

/** The same program through the references, in f64 on the CPU. */
export class ReferenceProgram implements Program, Launchable {
  readonly engine: Engine;
  readonly label: string;
  readonly inputs: Types;
  readonly outputs: Types;
  readonly indices: readonly InputRange[];
  readonly spec: GraphSpec;
  readonly plan = undefined;
  readonly dispatches = 0;
  readonly uses: Uses;
  readonly stepNames: readonly string[];
  readonly #store: ReferenceStore;
  readonly #leaves: ReadonlySet<Tensor>;
  readonly #computed: readonly ComputedIndices[];
  #runs = 0;
  #bySteps = false;
  #disposed = false;

  constructor(engine: Engine, store: ReferenceStore, label: string, spec: GraphSpec) {
    this.engine = engine;
    this.#store = store;
    this.label = label;
    this.spec = spec;
    this.inputs = spec.inputs;
    this.outputs = spec.outputs;
    const roots = rootsOf(spec);
    const nodes = nodesOf(roots);
    this.#leaves = leavesOf(roots, nodes);
    const { inputs: indices, computed } = traceIndices(nodes, spec.inputs);
    this.indices = indices;
    this.#computed = computed;
    this.uses = store.attempt(() => {
      store.ensure(variablesOf(spec, this.#leaves));
      for (const update of spec.updates) if (update.kind === "optimize") statesOf(store, update);
    }).uses;
    this.stepNames = spec.updates.flatMap((update) =>
      update.kind === "optimize" ? [stateName((update.gradients.wrt[0] as Variable).name, update.optimizer.name, "step")] : [],
    );
  }

  get counter(): number {
    return this.#bySteps ? stepsOf(this.engine).of(this.stepNames[0]) : this.#runs;
  }

  set counter(runs: number) {
    if (this.#bySteps) throw countsSteps(this.label);
    this.#runs = runs;
  }

  drawBySteps(): void {
    this.#bySteps = this.stepNames.length > 0;
  }

  async run(batch: AnyBatch, options: { readonly read?: readonly PropertyKey[] } = {}): Promise<never> {
    this.#assertUsable();
    const { spec, engine } = this;
    this.checkBatch(batch);
    checkOptions("run", options, ["read"]);
    checkRead(spec.outputs, options.read ?? []);
    const read = [...(options.read ?? [])] as string[];
    if (spec.updates.length > 0 && engine.nonFinite) throw engine.nonFinite;
    const number = this.#runs++;
    const run = newRun(engine, batch, read, this.stepNames);
    return (await launch(
      engine,
      run,
      () => true,
      () => this.#begin(run, number),
    )) as never;
  }

  ready(): boolean {
    return true;
  }

  start(run: Run): Started {
    return this.#begin(run, this.#runs++);
  }

  #begin(run: Run, number: number): Started {
    this.#assertUsable();
    const results = this.#compute(run, number);
    return { wait: async () => results };
  }

  checkBatch(batch: AnyBatch, caller = RUN): void {
    checkBatch(this, batch, caller);
    for (const name of Object.keys(this.inputs))
      check(ArrayBuffer.isView(batch[name]), "argument", `run: input "${name}" is a GPUBuffer, but this engine runs on the CPU references`);
  }

  #assertUsable(): void {
    this.engine.assertUsable();
    if (this.#disposed) throw disposedProgram(this.label);
  }

  #compute({ batch, read, cleared, nonFinite: known }: Run, number: number): AnyResults {
    const { spec, engine } = this;
    const store = this.#store;
    const refusal = known ?? store.nonFinite;
    if (spec.updates.length > 0 && refusal) throw refusal;
    const feeds = new Map<Tensor, ArrayLike<number>>();
    for (const leaf of this.#leaves) {
      if (leaf.source.kind === "variable") feeds.set(leaf, store.values((leaf as Variable).name).slice());
      if (leaf.source.kind === "counter") feeds.set(leaf, [this.#bySteps ? this.#stepsNow() : number]);
    }
    for (const [name, tensor] of Object.entries(spec.inputs)) feeds.set(tensor, batch[name] as HostArray);
    const roots = [...rootsOf(spec), ...this.#computed.flatMap(({ tensor, mask }) => (mask ? [tensor, mask] : [tensor]))];
    const computed = new Map<Tensor, Float64Array>();
    for (const [i, value] of evaluate(roots, feeds).entries()) computed.set(roots[i], value);
    const valueOf = (tensor: Tensor) => computed.get(tensor) as Float64Array;

    this.#checkComputed(this.#bySteps ? this.#stepsNow() : number, read.length > 0, cleared, valueOf);
    const clipped = new Map<Optimize, readonly Float64Array[]>();
    for (const update of spec.updates) {
      if (update.kind !== "optimize") continue;
      const { gradients } = update;
      const values = (gradients.tensors as readonly Tensor[]).map(valueOf);
      const finite = { gradient: values.every(isFiniteF32), loss: isFiniteF32(valueOf(gradients.loss)) };
      if (!finite.gradient || !finite.loss) {
        const error = nonFinite(this.label, this.#bySteps ? this.#stepsNow() : number, finite);
        store.nonFinite = error;
        throw cleared === engine.clearances ? engine.reportNonFinite(error) : error;
      }
      const { norm, clipped: limited } = clipGradients(values, gradients.clip);
      computed.set(gradients.norm, Float64Array.of(norm));
      clipped.set(update, limited);
    }
    for (const update of spec.updates) {
      if (update.kind === "assign") store.values(update.variable.name).set(valueOf(update.value));
    }
    for (const [update, gradients] of clipped) this.#optimize(update, gradients, valueOf);

    const results: AnyResults = {};
    for (const name of read) {
      const tensor = spec.outputs[name];
      results[name] = hostArray(tensor.dtype, tensor.size);
      results[name].set(valueOf(tensor));
    }
    return results;
  }

  /** Steps that were applied so far. */
  #stepsNow(): number {
    return this.#store.values(this.stepNames[0])[CONTROL.STEP];
  }

  #checkComputed(run: number, read: boolean, cleared: number, valueOf: (tensor: Tensor) => Float64Array): void {
    const ranges = this.#computed.map(({ range, tensor }) => ({ ...range, type: tensor }));
    const status = computedStatus(ranges, run, (check) => {
      const { tensor, mask } = this.#computed[check];
      return { values: valueOf(tensor), mask: mask && valueOf(mask) };
    });
    const sticky = this.spec.updates.length > 0;
    if (!status || (!sticky && !read)) return;
    const error = indexError(status, { label: this.label, checks: ranges }, sticky);
    if (sticky) this.#store.nonFinite = error;
    throw sticky && cleared === this.engine.clearances ? this.engine.reportNonFinite(error) : error;
  }

  #optimize(update: Optimize, clipped: readonly Float64Array[], valueOf: (tensor: Tensor) => Float64Array): void {
    const { optimizer, gradients } = update;
    const store = this.#store;
    const variables = gradients.wrt as readonly Variable[];
    const { step, states } = statesOf(store, update);
    step[CONTROL.STEP]++;
    const rate = typeof optimizer.learningRate === "number" ? Math.fround(optimizer.learningRate) : valueOf(optimizer.learningRate)[0];
    variables.forEach((variable, i) => {
      optimizer.reference(step[CONTROL.STEP], rate, store.values(variable.name), clipped[i], states[i]);
    });
  }

  async retire(): Promise<void> {
    await partsOf(this.engine).turns.take(
      () => true,
      () => this.dispose(),
    );
  }

  dispose(): void {
    this.#disposed = true;
    this.uses.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** What an optimizer carries from step to step: its control words and the arrays of each variable. */
function statesOf(store: ReferenceStore, { optimizer, gradients }: Optimize) {
  const variables = gradients.wrt as readonly Variable[];
  return {
    step: store.state(variables[0], optimizer.name, "step", { dtype: "u32", shape: [CONTROL.WORDS] }),
    states: variables.map((variable) => optimizer.states.map((state) => store.state(variable, optimizer.name, state))),
  };
}

/** Finite as f32: what overflows there is infinite on the GPU. */
const isFiniteF32 = (values: Float64Array): boolean => values.every((x) => Number.isFinite(Math.fround(x)));
