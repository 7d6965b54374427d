declare module "wgsl-preprocessor/wgsl-preprocessor.js" {
  /** Template tag of wgsl-preprocessor 1.0: `#if ${condition}` … `#elif ${condition}` … `#else` … `#endif`, everything else is inserted as it is. */
  export function wgsl(strings: TemplateStringsArray, ...values: unknown[]): string;
}
