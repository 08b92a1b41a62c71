import { Anchor, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { type AccountAction, AccountDialogs } from '../parts/account-menu.js';
import { isolate } from '../parts/isolate.js';
import { useSignedIn } from '../session/session-context.js';
import { EnterName } from './enter-name.js';
import classes from './home-page.module.css';
import { NewRoom } from './new-room.js';
import { RoomList } from './room-list.js';
import { SitePage } from './site-page.js';

/** The first page: who you are, a new room, and the rooms that are open. */
export function HomePage() {
  const { common, entrance } = useTexts();
  const signedIn = useSignedIn();
  return (
    <SitePage>
      <main className={classes.main}>
        <div className={classes.start}>
          <div>
            <Title order={1} className={classes.title}>
              {common.tagline}
            </Title>
            {signedIn && (
              <Text c="dimmed" size="lg" mt="sm">
                {entrance.hello(isolate(signedIn.user.username))}
              </Text>
            )}
          </div>
          <div className={classes.card}>{signedIn ? <NewRoom /> : <EnterName />}</div>
          {signedIn?.user.guest && <GuestHint />}
        </div>
        <section className={classes.rooms} aria-labelledby="rooms">
          <Title order={2} size="h3" id="rooms">
            {entrance.publicRooms}
          </Title>
          {signedIn ? <RoomList key={signedIn.user.id} /> : <Text c="dimmed">{entrance.roomsNeedName}</Text>}
        </section>
      </main>
    </SitePage>
  );
}

/** Tells guests what they would lose. */
function GuestHint() {
  const { account, entrance } = useTexts();
  const [action, setAction] = useState<AccountAction>();
  return (
    <Text size="sm" c="dimmed">
      {entrance.helloGuest}{' '}
      <Anchor component="button" type="button" size="sm" onClick={() => setAction('register')}>
        {account.register}
      </Anchor>
      <AccountDialogs action={action} onChange={setAction} />
    </Text>
  );
}
