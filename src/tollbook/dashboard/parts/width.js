/** The width of a box, and of text in it. */
import { useEffect, useRef, useState } from "../vendor/hooks.js";

/** @returns {[{current: HTMLDivElement | null}, number]} A box and its width. */
export function useWidth() {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!box.current) return undefined;
    const watcher = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);
  return [box, width];
}

/** @returns {(text: string, weight: number) => number} Measures a line of text of 1 rem, in pixels. */
export function rulerOf() {
  const { fontFamily, fontSize } = getComputedStyle(document.documentElement);
  const context = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  return (text, weight) => {
    context.font = `${weight} ${fontSize} ${fontFamily}`;
    // Figures are shown in digits of one width, which a canvas does not know: 0 is the widest.
    return context.measureText(text.replace(/\d/g, "0")).width;
  };
}
