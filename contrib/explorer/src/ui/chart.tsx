// Line and bar charts by uPlot, in the page's colours, with a table of the same numbers for who cannot see them.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useTheme } from "./theme.ts";

export interface Series {
  name: string;
  values: (number | null)[];
  /** A custom property of the style sheet. */
  colour?: string;
}

const kWhole = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((one) => one * 10 ** power));

export function Chart(props: {
  label: string;
  x: number[];
  series: Series[];
  height?: number;
  bars?: boolean;
  steps?: boolean;
  xText?: (value: number) => string;
  yText?: (value: number) => string;
  /** Pixels that a label below needs. */
  xSpace?: number;
  xName: string;
  /** Labels below at whole numbers only: heights. */
  xWhole?: boolean;
}) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const theme = useTheme();
  const shape = props.series.map((one) => one.name).join("|") + theme + (props.bars ? "b" : props.steps ? "s" : "l") + props.height;
  const text = useRef(props);
  text.current = props;

  useEffect(() => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: colour("--muted"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: "11px system-ui, sans-serif",
    };
    const frame = box.current!;
    const width = () => Math.max(120, frame.clientWidth);
    const made = new uPlot(
      {
        width: width(),
        height: props.height ?? 150,
        padding: [10, 8, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { size: 7 } },
        scales: { x: { time: false }, y: { range: (_u, low, high) => [Math.min(0, low), high <= 0 || !isFinite(high) ? 1 : high * 1.12] } },
        axes: [
          { ...axis, grid: { show: false }, size: 24, space: props.xSpace ?? 60, ...(props.xWhole ? { incrs: kWhole } : {}), values: (_u, values) => values.map((v) => text.current.xText?.(v) ?? String(v)) },
          { ...axis, size: 52, values: (_u, values) => values.map((v) => text.current.yText?.(v) ?? String(v)) },
        ],
        series: [
          {},
          ...props.series.map((one) => ({
            label: one.name,
            stroke: colour(one.colour ?? "--accent"),
            fill: colour((one.colour ?? "--accent") + "-soft") || undefined,
            width: 1.6,
            points: { show: false },
            paths: props.bars
              ? uPlot.paths.bars!({ size: [0.7, 24], radius: 0.2 })
              : props.steps
                ? uPlot.paths.stepped!({ align: 1 })
                : undefined,
          })),
        ],
      },
      [props.x, ...props.series.map((one) => one.values)] as uPlot.AlignedData,
      frame,
    );
    chart.current = made;
    const resize = new ResizeObserver(() => made.setSize({ width: width(), height: text.current.height ?? 150 }));
    resize.observe(frame);
    return () => {
      resize.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [shape]);

  useEffect(() => {
    chart.current?.setData([props.x, ...props.series.map((one) => one.values)] as uPlot.AlignedData);
  }, [props.x, props.series]);

  const say = (i: number) => props.series.map((one) => `${one.name} ${one.values[i] === null ? "none" : (props.yText?.(one.values[i]!) ?? one.values[i])}`);
  const last = props.x.length - 1;
  return (
    <div
      class="chart"
      role="img"
      aria-label={
        props.label + (last >= 0 ? `. ${props.x.length} points; the last at ${props.xName} ${props.xText?.(props.x[last]!) ?? props.x[last]}: ${say(last).join(", ")}` : "")
      }
    >
      <div ref={box} aria-hidden="true" />
    </div>
  );
}
