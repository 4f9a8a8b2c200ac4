// What programs in JavaScript do: objects, closures, strings, maps, regular expressions, JSON.
function orbit(steps) {
  const bodies = [0, 1, 2, 3, 4].map((i) => ({ x: i * 1.7, y: i * 0.3, vx: 0, vy: 0.2 * i, mass: 1 / (i + 1) }));
  for (let step = 0; step < steps; ++step) {
    for (const a of bodies) {
      for (const b of bodies) {
        if (a === b) continue;
        const dx = b.x - a.x, dy = b.y - a.y, far = dx * dx + dy * dy + 0.01;
        const pull = (b.mass * 0.001) / (far * Math.sqrt(far));
        a.vx += dx * pull;
        a.vy += dy * pull;
      }
    }
    for (const a of bodies) {
      a.x += a.vx * 0.001;
      a.y += a.vy * 0.001;
    }
  }
  return bodies.reduce((sum, a) => sum + a.x, 0).toFixed(9);
}

function words(count) {
  const seen = new Map();
  for (let i = 0; i < count; ++i) {
    const word = `w${(i * 7919) % 1009}`;
    seen.set(word, (seen.get(word) ?? 0) + 1);
  }
  const text = [...seen.keys()].sort().join(" ");
  return text.replace(/w(\d)(\d*)/g, (all, first, rest) => rest + first).length + seen.size;
}

function documents(count) {
  let text = JSON.stringify(Array.from({ length: 100 }, (_, i) => ({ id: i, name: `n${i}`, tags: ["a", "b"] })));
  for (let i = 0; i < count; ++i) {
    const list = JSON.parse(text);
    list[i % 100].id += 1;
    text = JSON.stringify(list.filter((one) => one.id >= 0).sort((a, b) => a.id - b.id));
  }
  return text.length;
}

function all(rounds) {
  let out = "";
  for (let i = 0; i < rounds; ++i) out = [orbit(400), words(8000), documents(20)].join(" ");
  return out;
}
