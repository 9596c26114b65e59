// Tells whether the top of a list is in view, by a line that is watched. Sent only when it differs from what the page believes.
import { useEffect, useRef } from "react";
import { jsx } from "@emotion/react";

export function AtTop({ value = true, onChange }) {
  const line = useRef(null);
  const now = useRef({});
  now.current = { value, onChange };
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      const seen = entries[entries.length - 1].isIntersecting;
      if (seen !== now.current.value) now.current.onChange?.(seen);
    });
    observer.observe(line.current);
    return () => observer.disconnect();
  }, []);
  return jsx("div", { ref: line, "aria-hidden": true, className: "af-at-top" });
}
