import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { CONTROL, STATUS } from "../src/graph/update.ts";

/**
 * Where one run has several optimizers: when the gradients of a later one were not finite, the earlier ones must not step either.
 *
 * `control` and `status` as in src/graph/update.ts. One invocation. Cost: nothing.
 */
export const finishGuardShader = () => wgsl`
@group(0) @binding(0) var<storage, read_write> control: array<u32>;
@group(0) @binding(1) var<storage, read> status: array<u32>;

@compute @workgroup_size(1)
fn main() {
  if (status[${STATUS.FLAG}] != 0u && control[${CONTROL.SKIP}] == 0u) {
    control[${CONTROL.SKIP}] = 1u;
    control[${CONTROL.STEP}] -= 1u;
  }
}
`;
