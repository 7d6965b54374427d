import type { Gpu } from "../../gpu/gpu.ts";
import { type Location, type PlacedDispatch, Recording } from "../../gpu/recorder.ts";
import { byteLength } from "../../graph/types.ts";
import { indexCheckCall, indexCheckKernel } from "../../ops/index-check.ts";
import type { Types } from "../batch.ts";
import { type InputRange, MOST_PARTS } from "./range.ts";

/** Where a program keeps what its checks bind. */
export interface CheckedProgram {
  readonly gpu: Gpu;
  readonly label: string;
  readonly id: number;
  readonly types: Types;
  readonly inputs: ReadonlyMap<string, GPUBuffer>;
  readonly counter: GPUBuffer;
  readonly status: GPUBuffer;
}

/** Checks of indices that come in GPUBuffers: made when the first comes. */
export class BufferChecks {
  readonly #program: CheckedProgram;
  readonly #ranges: readonly InputRange[];
  /** The number of the first range among the program's checks. */
  readonly #first: number;
  readonly #recordings = new Map<InputRange, Recording>();

  constructor(program: CheckedProgram, ranges: readonly InputRange[], first: number) {
    this.#program = program;
    this.#ranges = ranges;
    this.#first = first;
  }

  /** Whether the plan has checks, too. */
  get planned(): boolean {
    return this.#first > 0;
  }

  /** Those that a batch needs: what comes from the host was checked there. */
  needed(batch: Readonly<Record<string, unknown>>): Recording[] {
    const onGpu = (name: string | undefined) => name !== undefined && !ArrayBuffer.isView(batch[name]);
    return this.#ranges
      .filter(({ input, mask, parts }) => parts.length <= MOST_PARTS && (onGpu(input) || onGpu(mask)))
      .map((range) => this.#recordings.get(range) ?? this.#make(range));
  }

  #make(range: InputRange): Recording {
    const { gpu, label, id, types, inputs, counter, status } = this.#program;
    const whole = (buffer: GPUBuffer): Location => ({ buffer, offset: 0, bytes: buffer.size });
    const input = (name: string): Location => ({ buffer: inputs.get(name) as GPUBuffer, offset: 0, bytes: byteLength(types[name]) });
    const number = this.#first + this.#ranges.indexOf(range);
    const dispatches = range.parts.map((part): PlacedDispatch => {
      const { params, workgroups } = indexCheckCall(range, part, number);
      const mask = range.mask === undefined ? [] : [input(range.mask)];
      return {
        kernel: indexCheckKernel(range.mask !== undefined),
        locations: [input(range.input), whole(counter), whole(status), ...mask],
        params: { ...params, program: id },
        workgroups,
      };
    });
    const recording = Recording.now(gpu, `${label} indices`, dispatches);
    this.#recordings.set(range, recording);
    return recording;
  }

  dispose(): void {
    for (const recording of this.#recordings.values()) recording.dispose();
    this.#recordings.clear();
  }
}
