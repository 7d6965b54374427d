import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { inject } from "vitest";

/**
 * A folder that the first test file which needs it fills, and that all files of this run share; it is removed when the run ends.
 * Nobody may write into it afterwards.
 */
export async function madeOnce(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = `${inject("shared")}/${name}`;
  const [done, failed] = [`${folder}.done`, `${folder}.failed`];
  const first = await mkdir(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return false;
      throw error;
    },
  );
  if (first) {
    try {
      await make(folder);
      await writeFile(done, "");
    } catch (error) {
      await writeFile(failed, error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }
  while (!existsSync(done)) {
    if (existsSync(failed)) throw new Error(`${name} could not be made: ${readFileSync(failed, "utf8")}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return folder;
}
