// The whole package.
export default {};
