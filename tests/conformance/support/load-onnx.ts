import type { Case, Tolerance, Values } from "./case.ts";
import { SourceFiles } from "./files.ts";
import { decodeModel, decodeTensor } from "./onnx-proto.ts";

// float64 stays below 3e-7·(1 + |b|) on every test of the set (its README.md); the GPU computes in f32.
const REFERENCE: Tolerance = { metric: "difference", absolute: 3e-7, relative: 3e-7 };
const GPU: Tolerance = { metric: "difference", absolute: 1e-6, relative: 1e-6 };

/** Operands are named by their place in the node: `input0`, `output1`; absent ones are left out. */
export function loadOnnx(source: "onnx" | "onnx-recurrent" = "onnx"): Case[] {
  const all = new SourceFiles(source);
  return all.below("", "/model.onnx").map((file) => {
    const name = file.replace(/\/model\.onnx$/, "");
    const model = decodeModel(all.bytes(file));
    const data = `${name}/test_data_set_0`;
    const given: Record<string, Values> = { ...model.initializers };
    const files = new Set(all.below(data, ".pb"));
    const take = (path: string): Values | undefined => (files.delete(path) ? decodeTensor(all.bytes(path)) : undefined);
    model.graphInputs.forEach((operand, i) => {
      const values = take(`${data}/input_${i}.pb`);
      if (values) given[operand] = values;
    });
    const inputs: Record<string, Values> = {};
    model.nodeInputs.forEach((operand, i) => {
      if (operand !== "") inputs[`input${i}`] = given[operand];
    });
    const expected: Record<string, Values> = {};
    model.graphOutputs.forEach((operand, i) => {
      const values = take(`${data}/output_${i}.pb`);
      if (!values) throw new Error(`${name}: there is no file of the output "${operand}"`);
      expected[`output${model.nodeOutputs.indexOf(operand)}`] = values;
    });
    if (files.size > 0 || Object.values(inputs).includes(undefined as never)) throw new Error(`${name}: operands and files do not match`);
    const each = (tolerance: Tolerance) => Object.fromEntries(Object.keys(expected).map((key) => [key, tolerance]));
    return {
      name,
      op: model.domain === "" ? model.op : `${model.domain}.${model.op}`,
      attributes: { ...model.attributes, opset: model.opset },
      inputs,
      expected,
      tolerance: { reference: each(REFERENCE), gpu: each(GPU) },
    };
  });
}
