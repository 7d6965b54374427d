import { check, describe, UnrollError } from "../errors.ts";
import { Tensor, Variable } from "../graph/tensor.ts";
import { formatType, type HostArrays } from "../graph/types.ts";
import type { Update } from "../graph/update.ts";
import { copy } from "../ops/copy.ts";
import { leavesOf, nodesOf } from "./order.ts";
import { type GraphSpec, rootsOf } from "./plan/plan.ts";

export type Tensors = Readonly<Record<string, Tensor>>;

export interface CompileSpec<I extends Tensors, O extends Tensors> {
  /** The inputs by name: all that the outputs and updates depend on. */
  readonly inputs: I;
  /** What a run can be asked to read. Values are those before the updates of the run. */
  readonly outputs?: O;
  /** What changes at the end of each run. */
  readonly updates?: Update | readonly Update[];
  /** Appears in labels, reports and error messages. */
  readonly label?: string;
}

/** What a run takes: a typed array of the input's dtype (row-major), or a GPUBuffer of the same device with COPY_SRC. */
export type Batch<I extends Tensors> = { readonly [K in keyof I]: I[K] extends Tensor<infer D> ? HostArrays[D] | GPUBuffer : never };

export type Results<O extends Tensors, R extends keyof O> = { [K in R]: O[K] extends Tensor<infer D> ? HostArrays[D] : never };

/** Checks what `compile` was given and brings it into the form that planner and references work on. */
export function normalize<I extends Tensors, O extends Tensors>(spec: CompileSpec<I, O>): GraphSpec {
  const inputs = spec.inputs ?? {};
  for (const [what, tensors] of Object.entries({ inputs, outputs: spec.outputs ?? {} }))
    check(
      typeof tensors === "object" && !Array.isArray(tensors) && !(tensors instanceof Tensor),
      "argument",
      () => `compile: ${what} must be an object of tensors by name, not ${describe(tensors)}`,
    );
  const updates = normalizeUpdates(spec.updates);
  const outputs = normalizeOutputs(spec.outputs ?? {}, updates);
  const graph: GraphSpec = { inputs, outputs, updates };
  const roots = rootsOf(graph);
  check(roots.length > 0, "argument", "compile: there is nothing to compute: give outputs or updates");
  checkInputs(inputs, leavesOf(roots, nodesOf(roots)));
  return graph;
}

export function checkLabel(call: string, label: string | undefined): void {
  check(label === undefined || typeof label === "string", "argument", () => `${call}: label must be a string, not ${describe(label)}`);
}

function normalizeUpdates(given: Update | readonly Update[] | undefined): Update[] {
  const updates = given === undefined ? [] : Array.isArray(given) ? [...(given as readonly Update[])] : [given as Update];
  const names = new Set<string>();
  const claim = (variable: Tensor) => {
    check(
      variable instanceof Variable,
      "argument",
      () => `compile: updates need gradients of variables; one is taken with respect to ${formatType(variable)}`,
    );
    check(!names.has(variable.name), "name", () => `compile: variable "${variable.name}" is updated twice`);
    names.add(variable.name);
  };
  return updates.map((update) => {
    if (update?.kind === "assign") {
      claim(update.variable);
      return { ...update, value: fresh(update.value) };
    }
    check(
      update?.kind === "optimize",
      "argument",
      "compile: updates must come from an optimizer, such as sgd({ learningRate })(gradients), or from assign(variable, value)",
    );
    update.gradients.wrt.forEach(claim);
    const rate = update.optimizer.learningRate;
    const own = typeof rate === "number" ? update : { ...update, optimizer: { ...update.optimizer, learningRate: fresh(rate) } };
    return own;
  });
}

/** A variable that is read where variables are written must be copied first: no dispatch may read and write one buffer. */
function fresh<T extends Tensor>(tensor: T): T {
  let root: Tensor = tensor;
  while (root.source.kind === "node" && root.source.node.op.view) root = root.source.node.inputs[0];
  return root.source.kind === "variable" ? (copy(tensor) as unknown as T) : tensor;
}

function normalizeOutputs(given: Tensors, updates: readonly Update[]): Record<string, Tensor> {
  const norms = new Set(updates.flatMap((update) => (update.kind === "optimize" ? [update.gradients.norm] : [])));
  return Object.fromEntries(
    Object.entries(given).map(([name, tensor]) => {
      check(tensor instanceof Tensor, "argument", () => `compile: output "${name}" is no tensor`);
      check(
        tensor.source.kind !== "norm" || norms.has(tensor as Tensor<"f32", readonly []>),
        "gradient",
        () => `compile: output "${name}" is the norm of gradients that no update of this program uses`,
      );
      return [name, updates.length > 0 ? fresh(tensor) : tensor];
    }),
  );
}

function checkInputs(inputs: Tensors, leaves: ReadonlySet<Tensor>): void {
  const seen = new Map<Tensor, string>();
  for (const [name, tensor] of Object.entries(inputs)) {
    check(
      tensor instanceof Tensor && tensor.source.kind === "input",
      "argument",
      () => `compile: input "${name}" must be a tensor made by input(…)`,
    );
    check(!seen.has(tensor), "name", () => `compile: inputs "${seen.get(tensor)}" and "${name}" are the same tensor`);
    check(leaves.has(tensor), "name", () => `compile: input "${name}", ${formatType(tensor)}, is not used by any output or update`);
    seen.set(tensor, name);
  }
  for (const leaf of leaves) {
    if (leaf.source.kind === "input" && !seen.has(leaf))
      throw new UnrollError("name", `compile: the graph reads an input ${formatType(leaf)} that has no name in inputs`);
    if (leaf.source.kind === "norm")
      throw new UnrollError("gradient", "compile: the norm of gradients can only be an output, not the input of an op");
  }
}
