// Frames: all strings that have arrived, and for every state which of them make its picture

class Frames {
  pool = {};
  frames = {};
  absorb(bundle) {
    Object.assign(this.pool, bundle.pool);
    Object.assign(this.frames, bundle.frames);
  }
  has(key) {
    return key in this.frames;
  }
  // part name -> its strings
  read(key, parts) {
    return Object.fromEntries(this.frames[key].map((ids, n) => [parts[n], ids.map((id) => this.pool[id])]));
  }
}
