import { Button, Container, FileButton, Group, Stack, Text, Title } from '@mantine/core';
import { useTexts } from '../i18n/language.js';
import { useStore } from '../stores/use-store.js';
import { useJoinedRoom, useRoomState } from './joined-room.js';

/** The inside of a room. */
export function RoomView() {
  const { room: text } = useTexts();
  const { room, player } = useJoinedRoom();
  const name = useRoomState((state) => state.name);
  const current = useRoomState((state) => state.current_track);
  const queue = useRoomState((state) => state.queue);
  const votes = useRoomState((state) => state.my_votes);
  const people = useRoomState((state) => state.online_users);
  const status = useStore(player.status);
  return (
    <Container component="main" py="lg">
      <Stack>
        <Title order={1}>{name}</Title>
        <Text>{current ? current.title : text.nothingPlays}</Text>
        {status.is === 'blocked' && <Button onClick={() => void player.unlock()}>{text.turnOnSound}</Button>}
        <FileButton
          multiple
          accept="audio/*"
          onChange={(files) => files.forEach((file) => room.upload(file))}
        >
          {(props) => <Button {...props}>{text.addMusic}</Button>}
        </FileButton>
        <Title order={2}>{text.queue}</Title>
        {queue.map(({ id, title, vote_score }) => (
          <Group key={id}>
            <Text>{title}</Text>
            <Button
              aria-label={text.vote(title)}
              aria-pressed={votes.includes(id)}
              onClick={() => void (votes.includes(id) ? room.unvote(id) : room.vote(id))}
            >
              {text.votes(vote_score)}
            </Button>
          </Group>
        ))}
        <Title order={2}>{text.people}</Title>
        {people.map(({ id, username }) => (
          <Text key={id}>{username}</Text>
        ))}
      </Stack>
    </Container>
  );
}
