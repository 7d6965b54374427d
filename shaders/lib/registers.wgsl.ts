import { gridLibrary } from "./grid.wgsl.ts";

export interface RegistersEntry {
  /** Sums that one invocation keeps: rows × columns. */
  readonly rows: number;
  readonly columns: number;
  /** The four invocations of a quad take neighbouring columns of the same rows. */
  readonly quad: boolean;
  /** In a quad: two of them do, and the other two take the rows after. */
  readonly pairs?: boolean;
  /** Invocations of a workgroup; 4 with `quad`. */
  readonly workgroup: number;
}

/**
 * A kernel with sums in registers: `library` has the bindings and `tile_of`; `body` runs for each tile that exists and finds `tile`, the
 * invocation's first `row` and `column` and, with `quad`, its `lane`.
 */
export const registersKernel = ({ rows, columns, quad, pairs, workgroup }: RegistersEntry, library: string, body: string): string => `
${quad ? "enable subgroups;" : ""}
${library}
${gridLibrary}
@compute @workgroup_size(${workgroup})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  ${quad ? "@builtin(subgroup_invocation_id) subgroup_lane: u32" : "@builtin(local_invocation_index) local: u32"},
) {
${
  quad
    ? `  // One quad is one workgroup: no partial quads, and bounds of the loops that depend on the workgroup alone.
  let lane = subgroup_lane & 3u;
  let tile = tile_of(linear_workgroup(workgroup, workgroups), ${pairs ? 2 * rows : rows}u, ${(pairs ? 2 : 4) * columns}u);
  let row = tile.row${pairs ? ` + (lane / 2u) * ${rows}u` : ""};
  let column = tile.column + ${pairs ? "(lane & 1u)" : "lane"} * ${columns}u;`
    : `  let tile = tile_of(linear_workgroup(workgroup, workgroups) * ${workgroup}u + local, ${rows}u, ${columns}u);
  let row = tile.row;
  let column = tile.column;`
}
  if (!tile.inside) { return; }
${body}
}
`;
