/** WGSL of the struct `Params` with these fields, in order. */
export const paramsStruct = (params: Readonly<Record<string, string>>): string => `
struct Params {
${Object.entries(params)
  .map(([name, type]) => `  ${name}: ${type},`)
  .join("\n")}
}`;
