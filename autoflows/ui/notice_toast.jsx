// Tells once, in a toast, of an error that came up while this tab was open. Each page has a frame of its own and a tab keeps its state
// over a reload, so what was told is remembered in the tab itself.
import { useEffect } from "react";
import { useNavigate } from "react-router";
import { toast } from "sonner";

const KEY = "autoflows-told";

export function NoticeToast({ noticeId, title, detail, href }) {
  const navigate = useNavigate();
  useEffect(() => {
    if (!noticeId || sessionStorage.getItem(KEY) === noticeId) return;
    sessionStorage.setItem(KEY, noticeId);
    const action = href ? { label: "Open", onClick: () => navigate(href) } : undefined;
    toast.error(title, { description: detail, duration: 12000, action });
  }, [noticeId]);
  return null;
}
