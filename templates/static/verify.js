// Checks exported files in the browser, without a server: the same as `observerctl verify`.
"use strict";

(() => {
  const identifier = "observer.export1";
  const mark = ',"signature":';
  // Larger pieces are hashed bit by bit, so that they need not fit into memory.
  const large = 64 << 20;
  const chunk = 4 << 20;
  const text = new TextDecoder();

  // --- SHA-256 of bytes that come piece by piece (FIPS 180-4)

  const primes = (() => {
    const found = [];
    for (let number = 2; found.length < 64; number += 1) {
      if (found.every((prime) => number % prime)) found.push(number);
    }
    return found;
  })();
  const fraction = (value) => Math.floor((value - Math.floor(value)) * 2 ** 32) >>> 0;
  const rounds = Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));

  class Hasher {
    constructor() {
      this.state = Uint32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
      this.rest = new Uint8Array(64);
      this.filled = 0;
      this.length = 0;
      this.words = new Uint32Array(64);
    }

    update(bytes) {
      this.length += bytes.length;
      let place = 0;
      while (place < bytes.length) {
        const count = Math.min(64 - this.filled, bytes.length - place);
        this.rest.set(bytes.subarray(place, place + count), this.filled);
        this.filled += count;
        place += count;
        if (this.filled === 64) {
          this.block();
          this.filled = 0;
        }
      }
    }

    block() {
      const w = this.words;
      const view = new DataView(this.rest.buffer);
      for (let index = 0; index < 16; index += 1) w[index] = view.getUint32(index * 4);
      for (let index = 16; index < 64; index += 1) {
        const a = w[index - 15];
        const b = w[index - 2];
        const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3);
        const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10);
        w[index] = w[index - 16] + s0 + w[index - 7] + s1;
      }
      let [a, b, c, d, e, f, g, h] = this.state;
      for (let index = 0; index < 64; index += 1) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const first = (h + s1 + ((e & f) ^ (~e & g)) + rounds[index] + w[index]) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
      }
      [a, b, c, d, e, f, g, h].forEach((value, index) => { this.state[index] += value; });
    }

    finish() {
      const bits = this.length * 8;
      const tail = new Uint8Array(((this.filled < 56 ? 56 : 120) - this.filled) + 8);
      tail[0] = 0x80;
      const view = new DataView(tail.buffer);
      view.setUint32(tail.length - 8, Math.floor(bits / 2 ** 32));
      view.setUint32(tail.length - 4, bits >>> 0);
      this.update(tail);
      return Array.from(this.state, (word) => word.toString(16).padStart(8, "0")).join("");
    }
  }

  const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const digest = async (bytes) => hex(await crypto.subtle.digest("SHA-256", bytes));
  const fromBase64 = (words) => Uint8Array.from(atob(words), (letter) => letter.charCodeAt(0));

  // --- The changes of a segment, taken back

  const addTo = (view, place, width, ticks) => {
    if (width === 8) view.setBigUint64(place, BigInt.asUintN(64, view.getBigUint64(place) + ticks));
    else view.setUint32(place, Number(BigInt.asUintN(32, BigInt(view.getUint32(place)) + ticks)));
  };

  const name = (view, place) => String.fromCharCode(
    view.getUint8(place), view.getUint8(place + 1), view.getUint8(place + 2), view.getUint8(place + 3),
  );

  function* boxes(view, start, end) {
    let place = start;
    while (place + 8 <= end) {
      const size = view.getUint32(place);
      if (size < 8 || place + size > end) throw new Error("a box does not fit");
      yield { type: name(view, place + 4), start: place, end: place + size };
      place += size;
    }
  }

  const shift = (segment, track) => {
    if (track === 1) return -BigInt(segment.video_shift);
    if (track === 2) return -BigInt(segment.audio_shift);
    throw new Error("another track");
  };

  const restoreFragment = (view, segment) => {
    for (const child of boxes(view, 8, view.byteLength)) {
      if (child.type === "mfhd") addTo(view, child.start + 12, 4, -BigInt(segment.number_shift));
      if (child.type !== "traf") continue;
      let track = 0;
      for (const box of boxes(view, child.start + 8, child.end)) {
        if (box.type === "tfhd") track = view.getUint32(box.start + 12);
        if (box.type === "tfdt") addTo(view, box.start + 12, view.getUint8(box.start + 8) === 1 ? 8 : 4, shift(segment, track));
      }
    }
  };

  const setName = (view, place, letters) => {
    for (let index = 0; index < 4; index += 1) view.setUint8(place + index, letters.charCodeAt(index));
  };

  // Reads a segment box by box, and gives its bytes as they were recorded.
  async function* restored(file, start, segment) {
    const end = start + segment.file_bytes;
    let place = start;
    let seen = 0;
    while (place < end) {
      const head = new DataView(await file.read(place, Math.min(16, end - place)));
      let size = head.getUint32(0);
      const type = name(head, 4);
      if (size === 1) size = Number(head.getBigUint64(8));
      if (size < 8 || place + size > end) throw new Error("a box does not fit");
      const isInit = type === "free" && seen < 2;
      if (isInit || type === "moof" || type === "prft") {
        const view = new DataView(await file.read(place, size));
        if (isInit) setName(view, 4, seen === 0 ? "ftyp" : "moov");
        if (type === "moof") restoreFragment(view, segment);
        if (type === "prft") addTo(view, 24, view.getUint8(8) === 1 ? 8 : 4, shift(segment, view.getUint32(12)));
        if (isInit) seen += 1;
        yield new Uint8Array(view.buffer);
      } else {
        for (let at = place; at < place + size; at += chunk) {
          yield new Uint8Array(await file.read(at, Math.min(chunk, place + size - at)));
        }
      }
      place += size;
    }
  }

  const join = (pieces) => {
    const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let place = 0;
    for (const piece of pieces) {
      all.set(piece, place);
      place += piece.length;
    }
    return all;
  };

  const hashOf = async (pieces, length) => {
    if (length > large) {
      const hasher = new Hasher();
      for await (const piece of pieces) hasher.update(piece);
      return hasher.finish();
    }
    const all = [];
    for await (const piece of pieces) all.push(piece);
    return digest(join(all));
  };

  async function* plain(file, start, length) {
    for (let at = start; at < start + length; at += chunk) {
      yield new Uint8Array(await file.read(at, Math.min(chunk, start + length - at)));
    }
  }

  // --- A file

  const findManifest = async (file) => {
    let place = 0;
    while (place + 24 <= file.size && place < 64 << 20) {
      const view = new DataView(await file.read(place, 24));
      const size = view.getUint32(0);
      if (size < 8 || place + size > file.size) return null;
      if (name(view, 4) === "uuid" && text.decode(new Uint8Array(view.buffer, 8, 16)) === identifier) {
        return { start: place, end: place + size };
      }
      place += size;
    }
    return null;
  };

  const isSigned = async (signed, signature) => {
    let key;
    try {
      key = await crypto.subtle.importKey("raw", fromBase64(signature.key), { name: "Ed25519" }, false, ["verify"]);
    } catch (error) {
      if (error.name === "NotSupportedError") throw new Error("This browser cannot check signatures (Ed25519). Use a newer one, or observerctl verify.");
      return false;
    }
    return crypto.subtle.verify({ name: "Ed25519" }, key, fromBase64(signature.value), signed);
  };

  const fingerprint = async (key) => (await digest(fromBase64(key))).slice(0, 32).match(/.{4}/g).join("-");
  const digits = (words) => words.toLowerCase().replace(/[^0-9a-f]/g, "");

  const readManifest = async (file, box, wanted, report) => {
    const bytes = new Uint8Array(await file.read(box.start + 24, box.end - box.start - 24));
    const words = text.decode(bytes);
    const at = words.lastIndexOf(mark);
    try {
      const manifest = JSON.parse(`${words.slice(0, at)}}`);
      const signature = JSON.parse(words.slice(at + mark.length, -1));
      const signed = new TextEncoder().encode(`${words.slice(0, at)}}`);
      report.fingerprint = await fingerprint(signature.key);
      if (manifest.format !== "observer-export-1") throw new Error("format");
      if (!(await isSigned(signed, signature))) {
        report.problems.push("The signature does not fit: the manifest was changed.");
        return null;
      }
      if (wanted && digits(wanted) !== digits(report.fingerprint)) {
        report.problems.push(`It is signed with another key: ${report.fingerprint}.`);
      }
      return manifest;
    } catch (error) {
      if (error.message.startsWith("This browser")) throw error;
      report.problems.push("The manifest cannot be read: it was changed.");
      return null;
    }
  };

  const isGood = async (file, segment, start) => {
    if (start + segment.file_bytes > file.size) return false;
    try {
      const pieces = segment.part_sha256 ? plain(file, start, segment.file_bytes) : restored(file, start, segment);
      return (await hashOf(pieces, segment.file_bytes)) === (segment.part_sha256 || segment.sha256);
    } catch (error) {
      return false;
    }
  };

  const checkSegments = async (file, manifest, start, report, progress) => {
    const texts = [];
    let place = start;
    let areAllThere = true;
    const { segments } = manifest;
    for (let number = 0; number < segments.length; number += 1) {
      const segment = segments[number];
      const words = `${segment.id} (${segment.started_at})`;
      const end = place + segment.text_bytes + segment.file_bytes;
      progress(Math.min(place / file.size, 1));
      if (await isGood(file, segment, place + segment.text_bytes)) {
        texts.push(new Uint8Array(await file.read(place, segment.text_bytes)));
        place = end;
        continue;
      }
      areAllThere = false;
      const next = segments[number + 1];
      if (next && await isGood(file, next, place + next.text_bytes)) {
        report.problems.push(`Segment ${words} is missing.`);
        continue;
      }
      if (end > file.size) {
        report.problems.push(`The file is cut: it ends within segment ${words}, and ${segments.length - number - 1} more are missing.`);
        return;
      }
      report.problems.push(`Segment ${words} was changed.`);
      place = end;
    }
    if (file.size > place) report.problems.push(`${file.size - place} bytes were added at the end.`);
    if (areAllThere && await digest(join(texts)) !== manifest.file.text_sha256) {
      report.problems.push("The subtitles were changed.");
    }
  };

  const verify = async (file, wanted, progress) => {
    const report = { problems: [], facts: [], fingerprint: "" };
    const box = await findManifest(file);
    if (!box) {
      report.problems.push("It has no manifest: it is no export of Observer, or its beginning was changed.");
      return report;
    }
    const manifest = await readManifest(file, box, wanted, report);
    if (!manifest) return report;
    report.facts.push(
      `Camera ${manifest.camera.id}, ${manifest.camera.name}`,
      `From ${manifest.from} to ${manifest.to}`,
      `Asked for by ${manifest.asked_by} at ${manifest.asked_at}`,
      `segments: ${manifest.segments.length}, gaps: ${manifest.gaps.length + manifest.unexplained.length}, missing: ${manifest.missing.length}`,
    );
    if (await digest(await file.read(0, box.start)) !== manifest.file.movie_sha256) {
      report.problems.push("The head of the file was changed (what is shown, and when).");
    }
    const index = manifest.file.index_bytes;
    if (await digest(await file.read(box.end, index)) !== manifest.file.index_sha256) {
      report.problems.push("The index of the file was changed.");
    }
    await checkSegments(file, manifest, box.end + index, report, progress);
    return report;
  };

  // --- Archives, as Observer makes them

  const part = (blob, start, end) => ({
    size: end - start,
    read: async (at, length) => blob.slice(start + at, Math.min(start + at + length, end)).arrayBuffer(),
  });

  const listArchive = async (blob) => {
    const files = [];
    if (blob.size < 98) return null;
    const tail = new DataView(await blob.slice(blob.size - 98).arrayBuffer());
    if (tail.getUint32(0, true) !== 0x06064B50 || tail.getUint32(76, true) !== 0x06054B50) return null;
    const start = Number(tail.getBigUint64(48, true));
    const view = new DataView(await blob.slice(start, blob.size - 98).arrayBuffer());
    let place = 0;
    while (place + 46 <= view.byteLength) {
      const length = view.getUint16(place + 28, true);
      const extra = place + 46 + length + 4;
      const entry = text.decode(new Uint8Array(view.buffer, place + 46, length));
      const begin = Number(view.getBigUint64(extra + 16, true)) + 30 + length + 20;
      files.push({ name: entry, file: part(blob, begin, begin + Number(view.getBigUint64(extra, true))) });
      place = extra + 24;
    }
    return files;
  };

  // --- The page

  const element = (id) => document.getElementById(id);

  const show = (title, report) => {
    const section = document.createElement("section");
    const isOK = report.problems.length === 0;
    section.className = isOK ? "verify-good" : "verify-bad";
    const heading = document.createElement("h2");
    heading.textContent = `${isOK ? "Unchanged" : "Not as it was exported"}: ${title}`;
    section.append(heading);
    const list = document.createElement("ul");
    const lines = [...report.problems, ...report.facts];
    if (report.fingerprint) lines.push(`Signed with the key ${report.fingerprint}. Compare it with that of the installation (/api/v1/exports/key).`);
    for (const line of lines) {
      const item = document.createElement("li");
      item.textContent = line;
      list.append(item);
    }
    section.append(list);
    element("result").append(section);
  };

  const check = async (blob) => {
    const bar = element("progress");
    const wanted = element("key").value.trim();
    const progress = (value) => { bar.value = value; };
    element("result").replaceChildren();
    bar.hidden = false;
    progress(0);
    try {
      if (!globalThis.crypto || !crypto.subtle) throw new Error("This browser gives this page no cryptography: open it over https, on localhost, or from a file.");
      const start = new Uint8Array(await blob.slice(0, 4).arrayBuffer());
      if (start[0] === 0x50 && start[1] === 0x4B) {
        const files = await listArchive(blob);
        const videos = (files || []).filter((entry) => entry.name.endsWith(".mp4"));
        if (videos.length === 0) show(blob.name, { problems: ["The archive is cut, or none of Observer."], facts: [], fingerprint: "" });
        for (const entry of videos) show(`${blob.name}: ${entry.name}`, await verify(entry.file, wanted, progress));
      } else {
        show(blob.name, await verify(part(blob, 0, blob.size), wanted, progress));
      }
    } catch (error) {
      show(blob.name, { problems: [error.message], facts: [], fingerprint: "" });
    }
    bar.hidden = true;
  };

  element("file").addEventListener("change", (event) => {
    if (event.target.files.length > 0) check(event.target.files[0]);
  });
  const drop = element("drop");
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("verify-over");
  });
  document.addEventListener("dragleave", () => drop.classList.remove("verify-over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("verify-over");
    if (event.dataTransfer.files.length > 0) check(event.dataTransfer.files[0]);
  });
})();
