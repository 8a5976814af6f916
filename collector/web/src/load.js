// SPDX-License-Identifier: Apache-2.0
// Loads data for a page: again when `deps` change, and every so often while it is looked at.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export function useLoad(fetcher, deps, everySeconds) {
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
  useEffect(() => () => turn.current++, []);

  return { ...state, reload, setData: (data) => setState({ data, error: null }) };
}
