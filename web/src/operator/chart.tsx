import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { figuresOf } from '../i18n/figures.js';
import { useLanguage } from '../i18n/language.js';
import type { Figure, History } from './history.js';
import classes from './operator.module.css';

export interface Line {
  readonly figure: Figure;
  readonly label: string;
}

const heightPx = 160;
/** For light and for dark backgrounds; told apart also without colours, by their order and the legend's figures. */
const strokes = {
  light: ['#c8410b', '#1c6fb8', '#6b3fa0'],
  dark: ['#f87d47', '#66b2f0', '#b794e6'],
} as const;
const frames = {
  light: { text: '#495057', grid: '#e9ecef' },
  dark: { text: '#b8b8b8', grid: '#3b3b3b' },
} as const;
const dashes: readonly (number[] | undefined)[] = [undefined, [6, 4], [2, 3]];

export interface ChartContent {
  readonly title: string;
  readonly lines: readonly Line[];
  /** After the point. */
  readonly digits: number;
  readonly unit?: 'millisecond' | 'megabyte';
}

/** Figures over the last 10 minutes, with the newest ones in words below. */
export function Chart({ title, lines, digits, unit, history }: ChartContent & { history: History }) {
  const language = useLanguage();
  const scheme = useComputedColorScheme('dark');
  const target = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot>(undefined);
  const format = new Intl.NumberFormat(figuresOf(language), {
    style: unit ? 'unit' : 'decimal',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: digits,
    minimumFractionDigits: digits,
  });
  const figureNames = lines.map(({ figure }) => figure).join(' ');

  useEffect(() => {
    const { text, grid } = frames[scheme];
    const axis = {
      stroke: text,
      grid: { stroke: grid, width: 1 },
      ticks: { show: false },
      font: '12px system-ui',
    };
    const names = figureNames.split(' ') as Figure[];
    const element = target.current!;
    const plot = new UPlot(
      {
        width: element.clientWidth,
        height: heightPx,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: { y: { range: (_, _min, max) => [0, Math.max(1, (max || 0) * 1.15)] } },
        axes: [
          { ...axis, space: 70 },
          { ...axis, size: 52 },
        ],
        series: [
          {},
          ...names.map((_, index) => ({
            stroke: strokes[scheme][index]!,
            width: 2,
            points: { show: false },
            ...(dashes[index] && { dash: dashes[index] }),
          })),
        ],
      },
      history.rows(names),
      element,
    );
    chart.current = plot;
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: heightPx }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.destroy();
      chart.current = undefined;
    };
  }, [history, figureNames, scheme]);

  // Each answer of the server renders the overview.
  useEffect(() => chart.current?.setData(history.rows(figureNames.split(' ') as Figure[])));

  return (
    <figure className={classes.chart}>
      <figcaption className={classes.chartTitle}>{title}</figcaption>
      <div ref={target} dir="ltr" className={classes.plot} aria-hidden />
      <dl className={classes.legend}>
        {lines.map(({ figure, label }, index) => {
          const value = history.newest(figure);
          return (
            <div key={figure}>
              <dt>
                <svg width="18" height="4" aria-hidden>
                  <line
                    x1="0"
                    x2="18"
                    y1="2"
                    y2="2"
                    stroke={strokes[scheme][index]}
                    strokeWidth="3"
                    strokeDasharray={dashes[index]?.join(' ')}
                  />
                </svg>
                {label}
              </dt>
              <dd>{value === null ? '–' : format.format(value)}</dd>
            </div>
          );
        })}
      </dl>
    </figure>
  );
}
