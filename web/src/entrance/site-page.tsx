import { Group } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useTexts } from '../i18n/language.js';
import { AccountMenu } from '../parts/account-menu.js';
import { AppearanceMenu } from '../parts/appearance-menu.js';
import classes from './site-page.module.css';

/** The frame of every page outside a room: the header, and the page below it. */
export function SitePage({ children, tint }: { children: ReactNode; tint?: string | null | undefined }) {
  const { common } = useTexts();
  return (
    <div className={classes.page} style={tint ? ({ '--tint': tint } as React.CSSProperties) : undefined}>
      <header className={classes.header}>
        <Link href="/" className={classes.brand}>
          <img src="/icon.svg" alt="" width={32} height={32} />
          <span>{common.appName}</span>
        </Link>
        <Group gap={4} wrap="nowrap">
          <AppearanceMenu />
          <AccountMenu />
        </Group>
      </header>
      {children}
    </div>
  );
}
