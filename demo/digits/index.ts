export { Digits, type DigitsOptions, readSheet, type Sheet } from "./digits.ts";
export { type Digit, drawDigit, randomDigit, type Variation } from "./draw.ts";
export { type DigitFont, digitFonts, loadFonts } from "./fonts.ts";
export { CLASSES, digitModel, FILTER_SIZE, FILTERS, LEARNING_RATE, type MapName, rateShare, SIDE, STEPS } from "./network.ts";
