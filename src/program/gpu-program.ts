import { complete } from "../graph/on-demand.ts";
import type { Built } from "./built.ts";
import type { Engine } from "./engine.ts";
import { build } from "./gpu-build.ts";
import { GpuRunner, programId } from "./gpu-runner.ts";
import { type GpuParts, gpuPartsOf } from "./parts.ts";
import { type GraphSpec, makePlan, type Plan, type PlanOptions } from "./plan/plan.ts";
import type { Program } from "./program.ts";

/** A compiled program on the GPU, with the graph and the plan that it was made of. */
export class GpuProgram extends GpuRunner implements Program {
  readonly spec: GraphSpec;
  readonly plan: Plan;

  private constructor(engine: Engine, label: string, id: number, spec: GraphSpec, plan: Plan, built: Built) {
    const { indices, checks } = plan;
    super(engine, { label, id, inputs: spec.inputs, outputs: spec.outputs, updates: spec.updates.length > 0, indices, checks }, built);
    this.spec = spec;
    this.plan = plan;
  }

  static async create(engine: Engine, label: string, spec: GraphSpec, options: PlanOptions): Promise<GpuProgram> {
    const { gpu } = gpuPartsOf(engine) as GpuParts;
    const plan = await complete(() => makePlan(spec, gpu.traits, options));
    return GpuProgram.planned(engine, label, programId(engine, { label, inputs: spec.inputs, ...plan }), spec, plan);
  }

  /** A program of a plan that was made already. @param id of its label */
  static async planned(engine: Engine, label: string, id: number, spec: GraphSpec, plan: Plan): Promise<GpuProgram> {
    return new GpuProgram(engine, label, id, spec, plan, await build(gpuPartsOf(engine) as GpuParts, label, id, spec, plan));
  }
}
