// The same app with the package for production that loads nothing on demand.
export default { resolve: { alias: [{ find: /^unroll-gpu$/, replacement: "unroll-gpu/lean/static" }] } };
