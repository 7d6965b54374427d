import { join } from "node:path";
import type { Case, Tolerance, Values } from "./case.ts";
import { filesBelow, folderOf, readBytes } from "./files.ts";
import { decodeModel, decodeTensor } from "./onnx-proto.ts";

// float64 stays below 3e-7·(1 + |b|) on every test of the set (its README.md); the GPU computes in f32.
const REFERENCE: Tolerance = { metric: "difference", absolute: 3e-7, relative: 3e-7 };
const GPU: Tolerance = { metric: "difference", absolute: 1e-6, relative: 1e-6 };

/** Operands are named by their place in the node: `input0`, `output1`; absent ones are left out. */
export function loadOnnx(source: "onnx" | "onnx-recurrent" = "onnx"): Case[] {
  const root = folderOf(source);
  return filesBelow(root, "model.onnx").map((file) => {
    const folder = join(root, file, "..");
    const model = decodeModel(readBytes(root, file));
    const data = join(folder, "test_data_set_0");
    const given: Record<string, Values> = { ...model.initializers };
    const files = new Set(filesBelow(data, ".pb"));
    model.graphInputs.forEach((name, i) => {
      if (files.delete(`input_${i}.pb`)) given[name] = decodeTensor(readBytes(data, `input_${i}.pb`));
    });
    const inputs: Record<string, Values> = {};
    model.nodeInputs.forEach((name, i) => {
      if (name !== "") inputs[`input${i}`] = given[name];
    });
    const expected: Record<string, Values> = {};
    model.graphOutputs.forEach((name, i) => {
      files.delete(`output_${i}.pb`);
      expected[`output${model.nodeOutputs.indexOf(name)}`] = decodeTensor(readBytes(data, `output_${i}.pb`));
    });
    const name = file.replace(/\/model\.onnx$/, "");
    if (files.size > 0 || Object.values(inputs).includes(undefined as never)) throw new Error(`${name}: operands and files do not match`);
    const all = (tolerance: Tolerance) => Object.fromEntries(Object.keys(expected).map((key) => [key, tolerance]));
    return {
      name,
      op: model.domain === "" ? model.op : `${model.domain}.${model.op}`,
      attributes: { ...model.attributes, opset: model.opset },
      inputs,
      expected,
      tolerance: { reference: all(REFERENCE), gpu: all(GPU) },
    };
  });
}
