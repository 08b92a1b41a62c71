import { Skeleton, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTexts } from '../i18n/language.js';
import classes from './qr-code.module.css';

interface Modules {
  readonly size: number;
  readonly path: string;
}

/** A QR code, dark on light in every colour scheme: many cameras read no other. */
export function QrCode({ text }: { text: string }) {
  const { sharing } = useTexts();
  const [modules, setModules] = useState<Modules>();
  useEffect(() => {
    let isCurrent = true;
    import('uqr').then(
      ({ encode }) => {
        if (!isCurrent) return;
        const { data, size } = encode(text, { ecc: 'M', border: 3 });
        setModules({ size, path: pathOf(data) });
      },
      // Without the server; the link itself is there.
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [text]);
  return (
    <div className={classes.frame}>
      {modules ? (
        <svg
          viewBox={`0 0 ${modules.size} ${modules.size}`}
          className={classes.code}
          role="img"
          aria-label={sharing.qrCode}
          shapeRendering="crispEdges"
        >
          <rect width="100%" height="100%" fill="#ffffff" />
          <path d={modules.path} fill="#000000" />
        </svg>
      ) : (
        <Skeleton className={classes.code} />
      )}
      <Text size="sm" c="dimmed">
        {sharing.qrHint}
      </Text>
    </div>
  );
}

const pathOf = (rows: readonly (readonly boolean[])[]): string =>
  rows.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
