import { useMediaQuery } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { ActivityLog } from './activity/activity-log.js';
import { useJoinedRoom, useRoomState } from './joined-room.js';
import { ConnectionBanner } from './layout/connection-banner.js';
import { DesktopLayout } from './layout/desktop-layout.js';
import { NoticeList } from './layout/notice-list.js';
import { Notices } from './layout/notices.js';
import { PhoneLayout } from './layout/phone-layout.js';
import { RoomHeader } from './layout/room-header.js';
import { TabletLayout } from './layout/tablet-layout.js';
import { tintOf } from './playing/tint.js';
import { TrackNews } from './playing/track-news.js';
import { type RoomTools, RoomToolsProvider } from './room-tools.js';
import classes from './room-view.module.css';
import { DeviceSound } from './sound/device-sound.js';
import tokens from './tokens.module.css';
import { SoundBlocked } from './sound/sound-blocked.js';
import { DropZone } from './uploads/drop-zone.js';
import { UploadQueue } from './uploads/upload-queue.js';

/** The first rendering knows the size of the screen already. */
const atOnce = { getInitialValueInEffect: false };

/** The inside of a room. */
export function RoomView() {
  const { room, player } = useJoinedRoom();
  const [tools] = useState<RoomTools>(() => ({
    notices: new NoticeList(),
    uploads: new UploadQueue(room),
    activity: new ActivityLog(room),
    sound: new DeviceSound(player),
  }));
  useEffect(() => {
    const ends = [tools.activity.start(), tools.sound.start()];
    return () => ends.forEach((end) => end());
  }, [tools]);
  const isPhone = useMediaQuery('(max-width: 48em)', undefined, atOnce);
  const isDesktop = useMediaQuery('(min-width: 75em)', undefined, atOnce);
  const track = useRoomState((state) => state.current_track);
  return (
    <RoomToolsProvider value={tools}>
      <div className={`${tokens.tokens} ${classes.room}`} style={tintOf(track)}>
        <RoomHeader isPhone={isPhone} />
        <ConnectionBanner />
        {isPhone ? <PhoneLayout /> : isDesktop ? <DesktopLayout /> : <TabletLayout />}
        <SoundBlocked />
        <Notices />
        <DropZone />
        <TrackNews />
      </div>
    </RoomToolsProvider>
  );
}
