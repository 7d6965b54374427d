import { access, constants, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { UnrollError } from "../errors.ts";
import { reasonOf } from "./lifetime.ts";

/** What cannot be written is told before minutes of work. @throws UnrollError `argument` */
export async function checkWritable(option: string, file: string): Promise<void> {
  if (file === "") throw new UnrollError("argument", `${option} takes the name of a file`);
  const refuse = (reason: string): never => {
    throw new UnrollError("argument", `${file} cannot be written: ${reason}`);
  };
  const seen = (path: string) => stat(path).catch(() => undefined);
  const there = await seen(file);
  if (there) {
    if (there.isDirectory()) refuse("it is a folder");
    await access(file, constants.W_OK).catch(() => refuse("it is closed"));
    return;
  }
  const folder = dirname(resolve(file));
  const holder = await seen(folder);
  if (!holder) refuse(`its folder ${folder} is not there`);
  if (!holder?.isDirectory()) refuse(`${folder} is no folder`);
  await access(folder, constants.W_OK).catch(() => refuse(`its folder ${folder} is closed`));
}

/** Whether a file was written: what was found in minutes must not be lost with it. */
export const keep = (file: string, text: string): Promise<boolean> =>
  writeFile(file, text).then(
    () => true,
    (error: unknown) => {
      console.error(`\n${file} could not be written: ${reasonOf(error)}`);
      return false;
    },
  );
