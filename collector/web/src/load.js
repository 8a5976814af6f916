// SPDX-License-Identifier: Apache-2.0
// Loads data for a page: again when `deps` change, every so often while it is looked at, and (where `wants`
// says yes to a change, live.js) soon after something changed.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { onLive } from "./live.js";

const SOON_MS = 400; // many windows do not ask at the same instant

export function useLoad(fetcher, deps, everySeconds, wants) {
  const [state, setState] = useState({ data: null, error: null });
  const turn = useRef(0);

  const reload = useCallback(async () => {
    const mine = ++turn.current;
    try {
      const data = await fetcher();
      if (mine === turn.current) setState({ data, error: null });
    } catch (error) {
      if (mine === turn.current) setState((old) => ({ data: old.data, error }));
    }
  }, deps);

  useEffect(() => {
    reload();
    if (!everySeconds) return undefined;
    const timer = setInterval(() => document.hidden || reload(), everySeconds * 1000);
    return () => clearInterval(timer);
  }, [reload]);
  useEffect(() => {
    if (!wants) return undefined;
    let timer = 0;
    const stop = onLive((change) => {
      if (timer || !(change.more || wants(change.ids))) return;
      timer = setTimeout(() => {
        timer = 0;
        reload();
      }, SOON_MS * Math.random());
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [reload]);
  useEffect(() => () => turn.current++, []);

  return { ...state, reload, setData: (data) => setState({ data, error: null }) };
}
