import { Button, Group } from '@mantine/core';
import {
  IconBan,
  IconDoor,
  IconDoorExit,
  IconLinkOff,
  IconLogin2,
  IconRefresh,
  type IconProps,
} from '@tabler/icons-react';
import { type ComponentType, useState } from 'react';
import { Link } from 'wouter';
import { useTexts } from '../i18n/language.js';
import { type AccountAction, AccountDialogs } from '../parts/account-menu.js';
import { isolate } from '../parts/isolate.js';
import { MessagePage } from '../parts/message-page.js';
import { useSignedIn } from '../session/session-context.js';
import type { RoomEnd } from './room-end.js';
import { SitePage } from './site-page.js';

/** What is said and offered in the place of a room that cannot be entered, or has ended for this user. */
export function EndPage({
  end,
  roomName,
  onEnter,
}: {
  end: RoomEnd;
  roomName: string | undefined;
  /** Shows the door again. */
  onEnter: () => void;
}) {
  const { account, common, entrance } = useTexts();
  const signedIn = useSignedIn();
  const [action, setAction] = useState<AccountAction>();
  const name = roomName === undefined ? entrance.theRoom : isolate(roomName);
  const { title, text, icon: Icon } = messageOf(end, name, entrance);
  const again = { left: entrance.comeBack, kicked: entrance.enterAgain, unauthorized: entrance.enterAgain };
  const mayNeedAccount = !signedIn && (end === 'no_room' || end === 'unauthorized');
  return (
    <SitePage>
      <MessagePage isNews title={title} text={text} icon={<Icon size={56} stroke={1.25} aria-hidden />}>
        <Group justify="center" mt="sm">
          {end === 'protocol' && (
            <Button size="md" onClick={() => location.reload()}>
              {entrance.reload}
            </Button>
          )}
          {end in again && (
            <Button size="md" onClick={onEnter}>
              {again[end as keyof typeof again]}
            </Button>
          )}
          {mayNeedAccount && (
            <Button size="md" variant="default" onClick={() => setAction('sign_in')}>
              {account.signIn}
            </Button>
          )}
          <Button size="md" component={Link} href="/" variant={end in again ? 'default' : 'filled'}>
            {common.backToRooms}
          </Button>
        </Group>
        <AccountDialogs action={action} onChange={setAction} />
      </MessagePage>
    </SitePage>
  );
}

type EntranceTexts = ReturnType<typeof useTexts>['entrance'];

interface Message {
  readonly title: string;
  readonly text: string;
  readonly icon: ComponentType<IconProps>;
}

function messageOf(end: RoomEnd, name: string, texts: EntranceTexts): Message {
  switch (end) {
    case 'left':
      return { title: texts.leftTitle(name), text: texts.leftText, icon: IconDoorExit };
    case 'kicked':
      return { title: texts.kickedTitle(name), text: texts.kickedText, icon: IconDoorExit };
    case 'banned':
      return { title: texts.bannedTitle(name), text: texts.bannedText, icon: IconBan };
    case 'deleted':
      return { title: texts.deletedTitle(name), text: texts.deletedText, icon: IconDoor };
    case 'unauthorized':
      return { title: texts.signedOutTitle, text: texts.signedOutText, icon: IconLogin2 };
    case 'protocol':
      return { title: texts.outdatedTitle, text: texts.outdatedText, icon: IconRefresh };
    case 'no_room':
      return { title: texts.noRoomTitle, text: texts.noRoomText, icon: IconLinkOff };
    case 'no_invite':
      return { title: texts.noInviteTitle, text: texts.noInviteText, icon: IconLinkOff };
  }
}
