/** Times at equal distances. */
export function times(from, to, every = 0.25) {
  return Array.from({ length: Math.max(0, Math.floor((to - from) / every)) }, (_, i) => from + i * every);
}

/**
 * What listeners heard at these times, and by how much each two of them were apart.
 * @param heard `Heard` of each listener
 * @returns `windows` of each listener; `skews`: by how many seconds the first of a pair is later than the second,
 * and whether the output of one of them was disturbed; `unheard`: how many windows were not the room's track, or silent
 */
export function compare(heard, at) {
  const windows = heard.map((each) => at.map((time) => each.at(time)));
  const skews = [];
  let unheard = 0;
  at.forEach((time, index) => {
    const present = windows.map((each) => each[index]);
    if (present.includes(undefined)) return;
    unheard += present.filter(({ late, disturbed }) => Number.isNaN(late) && !disturbed).length;
    for (let a = 0; a < present.length; a += 1) {
      for (let b = a + 1; b < present.length; b += 1) {
        const skew = present[a].late - present[b].late;
        const disturbed = present[a].disturbed || present[b].disturbed;
        if (!Number.isNaN(skew)) skews.push({ time, pair: `${a}-${b}`, skew, disturbed });
      }
    }
  });
  return { windows: windows.map((each) => each.filter(Boolean)), skews, unheard };
}
