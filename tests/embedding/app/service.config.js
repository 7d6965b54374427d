// A page and its service workers, built together, so that they share files. The one takes the package without import().
const input = { index: "service/index.html", static: "service/static.ts", lean: "service/lean.ts" };

export default {
  root: "service",
  build: {
    outDir: "../dist-service",
    emptyOutDir: true,
    modulePreload: false,
    rolldownOptions: {
      input: Object.fromEntries(Object.entries(input).map(([name, file]) => [name, new URL(file, import.meta.url).pathname])),
      output: { entryFileNames: "[name].js" },
    },
  },
};
