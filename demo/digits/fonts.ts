import abril from "@fontsource/abril-fatface/files/abril-fatface-latin-400-normal.woff2?url";
import alfa from "@fontsource/alfa-slab-one/files/alfa-slab-one-latin-400-normal.woff2?url";
import anton from "@fontsource/anton/files/anton-latin-400-normal.woff2?url";
import architects from "@fontsource/architects-daughter/files/architects-daughter-latin-400-normal.woff2?url";
import arvo from "@fontsource/arvo/files/arvo-latin-400-normal.woff2?url";
import bangers from "@fontsource/bangers/files/bangers-latin-400-normal.woff2?url";
import carter from "@fontsource/carter-one/files/carter-one-latin-400-normal.woff2?url";
import caveat from "@fontsource/caveat/files/caveat-latin-400-normal.woff2?url";
import courgette from "@fontsource/courgette/files/courgette-latin-400-normal.woff2?url";
import courier from "@fontsource/courier-prime/files/courier-prime-latin-400-normal.woff2?url";
import courierBold from "@fontsource/courier-prime/files/courier-prime-latin-700-normal.woff2?url";
import covered from "@fontsource/covered-by-your-grace/files/covered-by-your-grace-latin-400-normal.woff2?url";
import delius from "@fontsource/delius/files/delius-latin-400-normal.woff2?url";
import gochi from "@fontsource/gochi-hand/files/gochi-hand-latin-400-normal.woff2?url";
import inconsolata from "@fontsource/inconsolata/files/inconsolata-latin-400-normal.woff2?url";
import indie from "@fontsource/indie-flower/files/indie-flower-latin-400-normal.woff2?url";
import kalam from "@fontsource/kalam/files/kalam-latin-300-normal.woff2?url";
import kalamBold from "@fontsource/kalam/files/kalam-latin-700-normal.woff2?url";
import latoThin from "@fontsource/lato/files/lato-latin-300-normal.woff2?url";
import lato from "@fontsource/lato/files/lato-latin-400-normal.woff2?url";
import latoBlack from "@fontsource/lato/files/lato-latin-900-italic.woff2?url";
import baskervilleItalic from "@fontsource/libre-baskerville/files/libre-baskerville-latin-400-italic.woff2?url";
import baskerville from "@fontsource/libre-baskerville/files/libre-baskerville-latin-400-normal.woff2?url";
import lobster from "@fontsource/lobster/files/lobster-latin-400-normal.woff2?url";
import lora from "@fontsource/lora/files/lora-latin-400-normal.woff2?url";
import mansalva from "@fontsource/mansalva/files/mansalva-latin-400-normal.woff2?url";
import merriweather from "@fontsource/merriweather/files/merriweather-latin-400-normal.woff2?url";
import nunito from "@fontsource/nunito/files/nunito-latin-400-normal.woff2?url";
import oswald from "@fontsource/oswald/files/oswald-latin-400-normal.woff2?url";
import patrick from "@fontsource/patrick-hand/files/patrick-hand-latin-400-normal.woff2?url";
import quicksand from "@fontsource/quicksand/files/quicksand-latin-400-normal.woff2?url";
import reenie from "@fontsource/reenie-beanie/files/reenie-beanie-latin-400-normal.woff2?url";
import righteous from "@fontsource/righteous/files/righteous-latin-400-normal.woff2?url";
import shadows from "@fontsource/shadows-into-light/files/shadows-into-light-latin-400-normal.woff2?url";
import shortStack from "@fontsource/short-stack/files/short-stack-latin-400-normal.woff2?url";
import sueEllen from "@fontsource/sue-ellen-francisco/files/sue-ellen-francisco-latin-400-normal.woff2?url";
import girl from "@fontsource/the-girl-next-door/files/the-girl-next-door-latin-400-normal.woff2?url";
import zilla from "@fontsource/zilla-slab/files/zilla-slab-latin-400-normal.woff2?url";

/** A font that digits are drawn with. All are under the SIL Open Font License; each file has the latin letters alone, 12 to 70 KB. */
export interface DigitFont {
  readonly name: string;
  readonly url: string;
  /** Never trained on: what a network makes of it tells what it learned of digits, not of fonts. */
  readonly heldOut: boolean;
}

const font = (name: string, url: string, heldOut = false): DigitFont => ({ name, url, heldOut });

/** Serif, sans serif, slab, display, typewriter, handwriting. A family is trained on with all its cuts, or held out with all. */
export const digitFonts: readonly DigitFont[] = [
  font("Abril Fatface", abril),
  font("Alfa Slab One", alfa),
  font("Anton", anton),
  font("Architects Daughter", architects),
  font("Bangers", bangers),
  font("Caveat", caveat),
  font("Courgette", courgette),
  font("Courier Prime Bold", courierBold),
  font("Courier Prime", courier),
  font("Covered By Your Grace", covered),
  font("Gochi Hand", gochi),
  font("Inconsolata", inconsolata),
  font("Indie Flower", indie),
  font("Kalam Bold", kalamBold),
  font("Kalam Light", kalam),
  font("Lato Black Italic", latoBlack),
  font("Lato Light", latoThin),
  font("Lato", lato),
  font("Libre Baskerville Italic", baskervilleItalic),
  font("Libre Baskerville", baskerville),
  font("Mansalva", mansalva),
  font("Merriweather", merriweather),
  font("Oswald", oswald),
  font("Quicksand", quicksand),
  font("Reenie Beanie", reenie),
  font("Righteous", righteous),
  font("Short Stack", shortStack),
  font("Sue Ellen Francisco", sueEllen),
  font("The Girl Next Door", girl),
  font("Zilla Slab", zilla),
  font("Arvo", arvo, true),
  font("Carter One", carter, true),
  font("Delius", delius, true),
  font("Lobster", lobster, true),
  font("Lora", lora, true),
  font("Nunito", nunito, true),
  font("Patrick Hand", patrick, true),
  font("Shadows Into Light", shadows, true),
];

const family = ({ name }: DigitFont): string => `Digits ${name}`;

/** How a canvas calls the font. */
export const canvasFont = (font: DigitFont, pixels: number): string => `${pixels}px "${family(font)}"`;

/** Loads fonts, in a page or in a worker. */
export async function loadFonts(fonts: readonly DigitFont[] = digitFonts): Promise<void> {
  const set = (globalThis as { fonts?: FontFaceSet }).fonts ?? document.fonts;
  const faces = fonts.map((font) => new FontFace(family(font), `url("${new URL(font.url, location.href)}") format("woff2")`));
  for (const face of await Promise.all(faces.map((face) => face.load()))) set.add(face);
}
