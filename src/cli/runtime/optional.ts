import { UnrollError } from "../../errors.ts";

/**
 * Loads an optional peer when it is used.
 * @throws UnrollError `missing`, saying what to install.
 */
export async function optional<T>(name: string, purpose: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if (!isNotFound(cause)) throw cause;
    throw new UnrollError("missing", `${purpose} needs the package "${name}", which is not installed: npm install --save-dev ${name}`, {
      cause,
    });
  }
}

const isNotFound = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ERR_MODULE_NOT_FOUND" || error.code === "MODULE_NOT_FOUND");
