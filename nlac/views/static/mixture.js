// What the mixture of a cascade trusts over time, as a lane (see painters.js).

import { series } from "./colours.js";
import { fixed } from "./format.js";
import { EMPTY_HEIGHT, mean } from "./inside.js";

const MOST_NAMES = 5;

/** What the mixture trusts: around which predictions its parts lie, stacked, of the first channel. */
export function weights() {
  return {
    key: "weights", title: "what the mixture trusts", feed: "trace", height: 86, emptyHeight: EMPTY_HEIGHT,
    isEmpty: (feed) => !trusted(feed).names.length,
    note(c, feed) { return this.isEmpty(feed) ? ": no mixture in these blocks" : ""; },
    legend: (feed) => trusted(feed).names,
    draw(c, feed) {
      const { g, view, height } = c, { columns } = trusted(feed), colours = series(c.colours);
      g.globalAlpha = 0.85;
      columns.forEach(({ start, stop, shares }) => {
        const x = view.x(start), width = view.x(stop) - x;
        if (x > c.width || x + width < 0) return;
        let below = height;
        shares.forEach((share, k) => {
          const tall = share * (height - 22);
          g.fillStyle = colours[k % 6];
          g.fillRect(x, below - tall, width + 0.3, tall + 0.3);
          below -= tall;
        });
      });
      g.globalAlpha = 1;
    },
    read(c, feed, frame) {
      const { names, columns } = trusted(feed);
      const column = columns.find(({ start, stop }) => start <= frame && frame < stop);
      if (!column) return "";
      const most = names.map((name, k) => [name, column.shares[k]]).sort((one, other) => other[1] - one[1]).slice(0, 3);
      return most.filter(([, share]) => share > 0.05).map(([name, share]) => `${name} ${fixed(share, 2)}`).join(", ");
    },
    describe(c, feed) {
      const { names, columns } = trusted(feed);
      const said = names.map((name, k) => `${name} ${fixed(mean(columns.map((each) => each.shares[k])), 2)}`);
      return said.length ? `What the mixture trusts, on average: ${said.join(", ")}`
        : "What the mixture trusts: there is none";
    },
  };
}

/** Shares over time: of the locations that have most, and of all others together. */
function trusted(feed) {
  if (feed.trusted) return feed.trusted;
  const first = feed.data.weights[0]?.channel, sums = new Map();
  const all = feed.data.weights.filter((each) => each.channel === first && !each.phase);
  for (const { names, values } of all) {
    for (const row of values) names.forEach((name, k) => sums.set(name, (sums.get(name) ?? 0) + row[k]));
  }
  const ordered = [...sums].sort((one, other) => other[1] - one[1]).map(([name]) => name);
  const names = ordered.slice(0, MOST_NAMES), columns = [];
  all.forEach((each, number) => {
    const places = each.names.map((name) => (names.includes(name) ? names.indexOf(name) : names.length));
    const end = all[number + 1]?.starts[0] ?? feed.data.stop;
    each.starts.forEach((start, i) => {
      const shares = Array(names.length + (ordered.length > names.length ? 1 : 0)).fill(0);
      each.values[i].forEach((value, k) => { shares[places[k]] += value; });
      columns.push({ start, stop: each.starts[i + 1] ?? end, shares });
    });
  });
  return (feed.trusted = { names: ordered.length > names.length ? [...names, "others"] : names, columns });
}
