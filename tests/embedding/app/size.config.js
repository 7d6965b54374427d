import lean from "./lean.config.js";

export default ({ mode }) => ({
  ...(mode === "lean" ? lean : {}),
  build: { modulePreload: false, rolldownOptions: { input: "src/size.ts" } },
});
