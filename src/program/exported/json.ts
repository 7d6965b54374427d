import { hostArray, type Variable } from "../../graph/tensor.ts";
import { initialValues } from "../store.ts";
import { encodeBase64 } from "./base64.ts";
import type { ExportedVariable } from "./format.ts";

/** A number, or the text for one that JSON has no word for. */
export const asJson = (value: number): number | string => (Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : String(value));

/** A variable with how it is drawn, or with its first values. */
export function exportVariable(variable: Variable, offset: number): ExportedVariable {
  const { name, dtype, shape, initializer } = variable;
  const { draw, seed } = initializer;
  let initial: ExportedVariable["initial"];
  if (draw) {
    const [kind, ...numbers] = draw(shape);
    initial = [kind, ...numbers.map(asJson)];
  } else {
    const values = hostArray(dtype, variable.size);
    values.set(initialValues(variable, 0));
    initial = encodeBase64(values);
  }
  return { name, dtype, shape, offset, initial, ...(seed === undefined ? {} : { seed }) };
}
