import { type Gpu, USAGE } from "../gpu/gpu.ts";
import { type Location, Recording } from "../gpu/recorder.ts";
import type { Call, DeviceTraits, Lowering, Op, Operand, Variant } from "../graph/op.ts";
import type { RandomSource, Tensor } from "../graph/tensor.ts";
import { byteLength, type HostArray, sizeOf, type TensorType } from "../graph/types.ts";
import { preferred } from "../graph/variant.ts";
import { randomSource } from "../random.ts";
import { compare } from "../verify/compare.ts";
import { type Prepared, prepareCall, roundTo, toHost } from "../verify/prepare.ts";
import { runLowering } from "../verify/runner.ts";
import type { Check } from "./schema.ts";
import { type Bench, type Ready, type Subject, setsFor } from "./subject.ts";

/** One call of an op, with how its inputs are filled: standard normal unless it says otherwise. */
export interface OpCase {
  readonly name: string;
  /** An output of the op. */
  readonly tensor: Tensor;
  /** Values by the index of the input. */
  readonly values?: Readonly<Record<number, (random: RandomSource, index: number) => number>>;
}

/** An op's call, once for every variant that the device can run; unless `quick`, also in the forms that other kinds of adapters get. */
export function variantSubjects(suite: string, one: OpCase, traits: DeviceTraits, quick: boolean): Subject[] {
  const { source } = one.tensor;
  if (source.kind !== "node") throw new Error(`bench "${one.name}": this tensor comes from no op`);
  const { op, attributes, inputs, outputs } = source.node;
  const call: Call = { inputs: inputs.map(typeOf), outputs: outputs.map(typeOf), attributes };
  const allowed = (as: DeviceTraits): Variant[] => op.kernels.filter((variant) => variant.allowed(call, as));
  const here = allowed(traits);
  const best = here.length > 0 ? preferred(here, call, traits) : undefined;
  const found = new Map<string, { variant: Variant; lowering: Lowering; own: boolean }>();
  // As what it is first, and then as the other kind of adapter, whose variants and forms this one can run, too.
  for (const as of quick ? [traits] : [traits, { ...traits, software: !traits.software }])
    for (const variant of allowed(as)) {
      const lowering = variant.plan(call, as);
      const key = fingerprint(lowering);
      if (!found.has(key)) found.set(key, { variant, lowering, own: as === traits });
    }
  const shared = new Shared(op, call, one);
  const last = [...found.keys()].pop();
  const names = new Set<string>();
  return [...found].map(([key, { variant, lowering, own }]) => {
    const base = [...new Set(lowering.dispatches.map(({ kernel }) => kernel.name))].join(" + ") || variant.name;
    const other = traits.software ? "as for a GPU" : "as for software";
    let subject = base;
    for (let i = 1; names.has(subject); i++) subject = `${base}, ${own ? variant.name : other}${i > 1 ? ` ${i}` : ""}`;
    names.add(subject);
    return {
      suite,
      name: one.name,
      subject,
      chosen: own && variant === best,
      prepare: async (bench) => {
        const ready = await prepareLowering(bench, shared, lowering);
        return {
          ...ready,
          dispose() {
            ready.dispose();
            if (key === last) shared.forget();
          },
        };
      },
    };
  });
}

/** What the variants of one call have in common: inputs, and the reference, computed when it is first asked for. */
class Shared {
  #inputs: Float64Array[] | undefined;
  #prepared: Prepared | undefined;
  readonly op: Op;
  readonly call: Call;
  readonly #case: OpCase;

  constructor(op: Op, call: Call, one: OpCase) {
    this.op = op;
    this.call = call;
    this.#case = one;
  }

  get inputs(): Float64Array[] {
    const random = randomSource(0, `bench ${this.#case.name}`);
    this.#inputs ??= this.call.inputs.map((type, i) => fill(type, random, this.#case.values?.[i]));
    return this.#inputs;
  }

  get prepared(): Prepared {
    this.#prepared ??= prepareCall(this.op, this.call, this.inputs, this.#case.name);
    return this.#prepared;
  }

  /** Large cases take hundreds of megabytes. */
  forget(): void {
    this.#inputs = undefined;
    this.#prepared = undefined;
  }
}

const typeOf = ({ dtype, shape }: TensorType): TensorType => ({ dtype, shape });

const fingerprint = (lowering: Lowering): string =>
  JSON.stringify(lowering.dispatches.map(({ kernel, params, workgroups }) => [kernel.wgsl, params, workgroups]));

function fill(type: TensorType, random: RandomSource, value?: (random: RandomSource, index: number) => number): Float64Array {
  const values = new Float64Array(sizeOf(type.shape));
  for (let i = 0; i < values.length; i++) values[i] = value ? value(random, i) : random.normal();
  return roundTo(type.dtype, values);
}

async function prepareLowering({ gpu }: Bench, shared: Shared, lowering: Lowering): Promise<Ready> {
  const { call, op } = shared;
  const hosts = shared.inputs.map((values, i) => toHost(call.inputs[i].dtype, values));
  const types = [...call.inputs, ...call.outputs, ...(lowering.temporaries ?? [])];
  const sets = setsFor(types.reduce((sum, type) => sum + byteLength(type), 0));
  const made: GPUBuffer[] = [];
  const recordings: Recording[] = [];
  const dispose = () => {
    for (const recording of recordings) recording.dispose();
    for (const buffer of made) gpu.destroyBuffer(buffer);
  };
  try {
    for (let set = 0; set < sets; set++) recordings.push(await record(gpu, call, lowering, hosts, set, made));
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    cost: op.cost(call),
    dispatches: lowering.dispatches.length,
    check: () => checkLowering(gpu, shared.prepared, lowering, hosts),
    encode: (pass, turn) => recordings[turn % sets].encode(pass),
    dispose,
  };
}

/** A set of buffers of its own. Its inputs are those of the first set, begun elsewhere, so that no two sets hold the same. */
async function record(gpu: Gpu, call: Call, lowering: Lowering, hosts: readonly HostArray[], set: number, made: GPUBuffer[]) {
  const types = [...call.inputs, ...call.outputs, ...(lowering.temporaries ?? [])];
  const places = types.map((type, i): Location => {
    const buffer = gpu.createBuffer(`bench ${i}`, byteLength(type), USAGE.STORAGE | USAGE.COPY_DST);
    made.push(buffer);
    if (i < hosts.length && hosts[i].byteLength % 4 === 0) gpu.device.queue.writeBuffer(buffer, 0, turned(hosts[i], set));
    return { buffer, offset: 0, bytes: byteLength(type) };
  });
  const outputs = call.inputs.length;
  const temporaries = outputs + call.outputs.length;
  const at = (operand: Operand): Location => {
    if ("input" in operand) return places[operand.input];
    return places["output" in operand ? outputs + operand.output : temporaries + operand.temporary];
  };
  return Recording.create(
    gpu,
    "bench",
    lowering.dispatches.map(({ kernel, bindings, params = {}, workgroups }) => ({
      kernel,
      locations: Object.keys(kernel.bindings).map((name) => at(bindings[name])),
      params,
      workgroups,
    })),
  );
}

function turned(host: HostArray, set: number): Uint8Array<ArrayBuffer> {
  const by = (set * 977) % Math.max(1, host.length);
  const copy = host.slice() as HostArray;
  copy.set(host.subarray(by), 0);
  copy.set(host.subarray(0, by), host.length - by);
  return new Uint8Array(copy.buffer as ArrayBuffer);
}

/** As `unroll verify` does it: over poison, between guard words, twice, under the op's own bound. */
async function checkLowering(gpu: Gpu, prepared: Prepared, lowering: Lowering, hosts: readonly HostArray[]): Promise<Check> {
  const { outputs, problem } = await runLowering(gpu, prepared.call, lowering, hosts, undefined);
  if (problem !== undefined) return { ok: false, against: "reference", message: problem };
  const { error, bound, ratio, where } = compare(prepared.call.outputs, prepared.expected, outputs);
  return ratio <= 1
    ? { ok: true, against: "reference", error: ratio }
    : { ok: false, against: "reference", error: ratio, message: `${where}, off by ${error}, allowed ${bound}` };
}
