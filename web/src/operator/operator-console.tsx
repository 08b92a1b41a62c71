import { Button, Container, Tabs, Text, Title } from '@mantine/core';
import { IconLogout, IconPower } from '@tabler/icons-react';
import { RoomcastError } from '@roomcast/client';
import { useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { ConfirmDialog, type Confirmation } from './confirm-dialog.js';
import { describeOperatorError } from './describe-operator-error.js';
import type { OperatorApi } from './operator-api.js';
import classes from './operator.module.css';
import { OverviewPanel } from './overview-panel.js';
import { RoomsPanel } from './rooms-panel.js';
import { useOverview } from './use-overview.js';
import { UsersPanel } from './users-panel.js';

/** What the operator sees and may do. The overview is read also while another tab of it is open. */
export function OperatorConsole({ api, onSignOut }: { api: OperatorApi; onSignOut: () => void }) {
  const texts = useTexts();
  const { operator: text } = texts;
  const { overview, history, error } = useOverview(api);
  const [confirmation, setConfirmation] = useState<Confirmation>();
  const mustSignIn =
    error instanceof RoomcastError && (error.code === 'unauthorized' || error.code === 'not_found');
  const drain = () =>
    setConfirmation({
      title: text.drainTitle,
      text: text.drainText,
      action: text.drain,
      run: () => api.drain(),
    });
  return (
    <Container component="main" size="xl" py="md">
      <header className={classes.header}>
        <div className={classes.headline}>
          <Title order={1} size="h2">
            {text.title}
          </Title>
          <Text size="sm" c="dimmed">
            {overview ? text.versionAndUptime(overview.version, uptimeOf(overview.uptime, text)) : '…'}
          </Text>
        </div>
        <Button h={44} variant="default" leftSection={<IconPower size={18} />} onClick={drain}>
          {text.drain}
        </Button>
        <Button h={44} variant="default" leftSection={<IconLogout size={18} />} onClick={onSignOut}>
          {text.signOut}
        </Button>
      </header>
      <div role="status">
        {error !== undefined && (
          <div className={classes.problem}>
            <span>
              {describeOperatorError(error, texts)} {!mustSignIn && texts.delivery.triedAgain}
            </span>
            {mustSignIn && (
              <Button h={44} onClick={onSignOut}>
                {text.enterToken}
              </Button>
            )}
          </div>
        )}
      </div>
      <Tabs defaultValue="overview" keepMounted={false}>
        <Tabs.List mb="lg">
          <Tabs.Tab h={44} value="overview">
            {text.overview}
          </Tabs.Tab>
          <Tabs.Tab h={44} value="rooms">
            {text.rooms}
          </Tabs.Tab>
          <Tabs.Tab h={44} value="users">
            {text.users}
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="overview">
          <OverviewPanel overview={overview} history={history} />
        </Tabs.Panel>
        <Tabs.Panel value="rooms">
          <RoomsPanel api={api} onConfirm={setConfirmation} />
        </Tabs.Panel>
        <Tabs.Panel value="users">
          <UsersPanel api={api} onConfirm={setConfirmation} />
        </Tabs.Panel>
      </Tabs>
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Container>
  );
}

/** @param seconds since the server started */
function uptimeOf(seconds: number, text: ReturnType<typeof useTexts>['operator']): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return text.minutes(minutes);
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? text.hours(hours) : text.days(Math.floor(hours / 24));
}
