// The same app with the package for production.
export default { resolve: { alias: [{ find: /^unroll-gpu$/, replacement: "unroll-gpu/lean" }] } };
