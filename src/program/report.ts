import { check, describe } from "../errors.ts";
import type { AdapterDescription } from "../gpu/device.ts";
import type { Cost } from "../graph/kernel.ts";
import { formatType } from "../graph/types.ts";
import { GpuProgram } from "./gpu-program.ts";
import { lowerBound } from "./plan/slots.ts";
import type { Program } from "./program.ts";
import type { Tensors } from "./spec.ts";

export interface DispatchReport {
  /** Name of the kernel, as in its shader's file. */
  readonly kernel: string;
  /** The op and the variant of it that was chosen; the update it belongs to at the end of a run. */
  readonly op: string;
  readonly variant: string;
  /** Input and output types of the op, as text. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly workgroups: readonly [number, number, number];
  /** Cost of the op, on the first of its dispatches; zero on the others. */
  readonly flops: number;
  readonly bytes: number;
}

export interface ProgramReport {
  readonly label: string;
  readonly adapter: AdapterDescription;
  /** In order. All are in one compute pass and one submit. */
  readonly dispatches: readonly DispatchReport[];
  /** Bytes of each slot that activations share. */
  readonly slots: readonly number[];
  /** Bytes of all slots, and the least that this order of ops needs. */
  readonly peakBytes: number;
  readonly boundBytes: number;
  readonly total: Cost;
}

/**
 * What a program does in each run: dispatches in order with kernel, variant, shapes, bytes and FLOPs; its memory.
 * @throws UnrollError `argument` for a program on the CPU references, which has no dispatches.
 */
export function report<I extends Tensors, O extends Tensors>(program: Program<I, O>): ProgramReport {
  const own = program as unknown as Program;
  check(typeof own?.run === "function", "argument", () => `report: give a program, made by compile(…), not ${describe(own)}`);
  check(own instanceof GpuProgram, "argument", () =>
    own.engine?.isReference
      ? "report: this program runs on the CPU references; only a program on a GPU has dispatches"
      : "report: this program was exported, which leaves its graph behind; report it where it is compiled",
  );
  const { plan, label, engine } = own;
  const dispatches: DispatchReport[] = [];
  for (const { node, variant, lowering } of plan.nodes) {
    const cost = node.op.cost(node);
    lowering.dispatches.forEach((dispatch, i) => {
      dispatches.push({
        kernel: dispatch.kernel.name,
        op: node.op.name,
        variant,
        inputs: node.inputs.map(formatType),
        outputs: node.outputs.map(formatType),
        workgroups: dispatch.workgroups,
        flops: i === 0 ? cost.flops : 0,
        bytes: i === 0 ? cost.bytes : 0,
      });
    });
  }
  for (const { kernel, workgroups, params, locations } of own.placed.slice(dispatches.length)) {
    const lengths = Object.fromEntries(Object.keys(kernel.bindings).map((name, i) => [name, locations[i].bytes / 4]));
    const cost = kernel.cost?.({ lengths, params });
    dispatches.push({
      kernel: kernel.name,
      op: "update",
      variant: "flat",
      inputs: [],
      outputs: [],
      workgroups,
      flops: cost?.flops ?? 0,
      bytes: cost?.bytes ?? locations.reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }
  return {
    label,
    adapter: engine.adapter,
    dispatches,
    slots: plan.slots,
    peakBytes: plan.peakBytes,
    boundBytes: lowerBound(plan.lifetimes),
    total: {
      flops: dispatches.reduce((sum, { flops }) => sum + flops, 0),
      bytes: dispatches.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  };
}

/** A report as a table for a terminal. */
export function formatReport(given: ProgramReport): string {
  const whole = Array.isArray(given?.dispatches) && typeof given.total?.flops === "number";
  check(
    whole && [...given.dispatches].every((d) => Array.isArray(d?.outputs)),
    "argument",
    () => `formatReport: give what report(program) returns, not ${describe(given)}`,
  );
  const { label, dispatches, peakBytes, boundBytes, total } = given;
  const rows = dispatches.map((d, i) => [
    String(i),
    d.kernel,
    d.op,
    d.variant,
    d.outputs.join(" ") || "-",
    d.workgroups.join("×"),
    (d.flops / 1e6).toFixed(3),
    (d.bytes / 1024).toFixed(1),
  ]);
  const table = [["#", "kernel", "op", "variant", "output", "workgroups", "MFLOP", "KiB"], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd(),
  );
  const memory = `${(peakBytes / 1024).toFixed(1)} KiB for activations (at least ${(boundBytes / 1024).toFixed(1)})`;
  return [`${label}: ${dispatches.length} dispatches, ${(total.flops / 1e6).toFixed(2)} MFLOP, ${memory}`, ...lines].join("\n");
}
