import lean from "./lean.config.js";
import all from "./static.config.js";

// "lean-exported": what is before the hyphen is the package, what is behind it the entry
const entryOf = (mode) => mode.match(/(?:await|exported)$/)?.[0];

export default ({ mode }) => {
  const entry = entryOf(mode);
  return {
    ...(mode.startsWith("lean") ? lean : mode === "static" ? all : {}),
    build: { modulePreload: false, rolldownOptions: { input: entry ? `src/size-${entry}.ts` : "src/size.ts" } },
  };
};
