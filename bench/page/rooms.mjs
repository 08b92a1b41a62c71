import { connect, guest } from '@roomcast/client';
import { silence } from '../drops/silence.mjs';

/** A sine tone, so that files differ. */
function tone(seconds, frequency) {
  const file = silence(seconds);
  const samples = file.subarray(44);
  samples.forEach((_, i) => {
    samples[i] = 128 + Math.round(60 * Math.sin((2 * Math.PI * frequency * i) / 8000));
  });
  return new Blob([file]);
}

async function arrive(url, name) {
  const { token } = await guest(url, name);
  return connect(url, { token });
}

/** A room in which one person plays a long track. */
export async function furnishRoom(url) {
  const ada = await arrive(url, 'Ada');
  const { id } = await ada.createRoom({ name: 'Friday night' });
  const room = await ada.join(id);
  await room.upload(tone(900, 220), 'A long tone.wav').done;
  for (const frequency of [300, 310, 320]) await add(room, frequency);
  return { id, addTrack: (frequency) => add(room, frequency), room, close: () => ada.close() };
}

const add = (room, frequency) => room.upload(tone(30, frequency), `Tone of ${frequency} Hz.wav`).done;

const largeCount = 500;
/** Uploads at the same time. */
const atOnce = 8;

/** A room with 500 people who are connected, and 500 tracks that wait. */
export async function furnishLargeRoom(url) {
  const ada = await arrive(url, 'Ada');
  const { id } = await ada.createRoom({ name: 'A large room' });
  const rooms = [await ada.join(id)];
  const people = [ada];
  await rooms[0].upload(tone(900, 220), 'A long tone.wav').done;
  while (people.length < largeCount) {
    const count = Math.min(20, largeCount - people.length);
    const arrived = await Promise.all(
      Array.from({ length: count }, (_, i) => arrive(url, `Listener ${people.length + i}`)),
    );
    rooms.push(...(await Promise.all(arrived.map((person) => person.join(id)))));
    people.push(...arrived);
  }
  const tracks = [];
  const frequencies = Array.from({ length: largeCount }, (_, i) => 200 + i);
  await Promise.all(
    Array.from({ length: atOnce }, async (_, worker) => {
      for (let frequency = frequencies.pop(); frequency; frequency = frequencies.pop()) {
        tracks.push(
          await rooms[1 + worker * 20 + (frequency % 20)].upload(
            tone(2, frequency),
            `Tone of ${frequency} Hz.wav`,
          ).done,
        );
      }
    }),
  );
  return {
    id,
    /** Someone votes for some track. */
    async vote(number) {
      await rooms[1 + (number % (largeCount - 1))].vote(tracks[(number * 7) % tracks.length].id);
    },
    close() {
      for (const person of people) person.close();
    },
  };
}
