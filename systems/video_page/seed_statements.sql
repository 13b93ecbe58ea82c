-- What the team proposed, statement by statement and in its order, in our own words. Each is rehearsed on its own, after those
-- before it that succeeded, to show which run on the real data and which fail, before anyone runs them in production.

-- name: cast_attempt_video_id
-- what: video_id of the quiz attempts becomes a uuid (proposed in one command with the next)
ALTER TABLE public.quiz_attempts ALTER COLUMN video_id TYPE uuid USING video_id::uuid;

-- name: cast_attempt_course_id
-- what: course_id of the quiz attempts becomes a uuid
ALTER TABLE public.quiz_attempts ALTER COLUMN course_id TYPE uuid USING course_id::uuid;

-- name: attempt_video_foreign_key
-- what: quiz attempts reference their video and go with it (proposed in one command with the next)
ALTER TABLE public.quiz_attempts
    ADD CONSTRAINT fk_quiz_attempts_video_id FOREIGN KEY (video_id) REFERENCES public.videos (id) ON DELETE CASCADE;

-- name: attempt_course_foreign_key
-- what: quiz attempts reference their course and go with it
ALTER TABLE public.quiz_attempts
    ADD CONSTRAINT fk_quiz_attempts_course_id FOREIGN KEY (course_id) REFERENCES public.courses (id) ON DELETE CASCADE;

-- name: fill_reflection_course
-- what: reflections without a course take that of their video
UPDATE public.reflections AS reflection
SET course_id = video.course_id
FROM public.videos AS video
WHERE reflection.course_id IS NULL AND video.id = reflection.video_id;

-- name: require_reflection_parents
-- what: every reflection has a course and a video
ALTER TABLE public.reflections ALTER COLUMN course_id SET NOT NULL, ALTER COLUMN video_id SET NOT NULL;

-- name: index_voice_memos
-- what: index for the voice memos of a user on a video, newest first
CREATE INDEX idx_reflections_voice_memos_optimized ON public.reflections (user_id, video_id, created_at DESC)
    WHERE reflection_type = 'voice' AND file_url IS NOT NULL;

-- name: index_attempts_of_video
-- what: index for the quiz attempts of a user on a video, newest first
CREATE INDEX idx_quiz_attempts_video_page ON public.quiz_attempts (user_id, video_id, created_at DESC);

-- name: index_activities
-- what: index for all activities of a user on a video
CREATE INDEX idx_video_page_activities ON public.reflections (user_id, video_id, reflection_type, created_at DESC);

-- name: materialize_activities
-- what: voice memos and quiz attempts in one materialized view
CREATE MATERIALIZED VIEW public.video_page_activities AS
SELECT 'reflection' AS activity_type, id, user_id, video_id, course_id, reflection_type, file_url, duration_seconds,
       video_timestamp_seconds, created_at
FROM public.reflections
WHERE reflection_type = 'voice' AND file_url IS NOT NULL
UNION ALL
SELECT 'quiz', id, user_id, video_id::uuid, course_id::uuid, 'quiz', NULL, quiz_duration_seconds::numeric, video_timestamp,
       created_at
FROM public.quiz_attempts;

-- name: index_materialized_activities
-- what: the unique key that a concurrent refresh needs
CREATE UNIQUE INDEX ON public.video_page_activities (activity_type, id);

-- name: drop_calculated_columns
-- what: score, total and percentage are calculated, not stored
ALTER TABLE public.quiz_attempts DROP COLUMN score, DROP COLUMN total_questions, DROP COLUMN percentage;

-- name: computed_metadata
-- what: file, duration and timestamp of a voice memo as one JSON value, kept by the database
ALTER TABLE public.reflections ADD COLUMN computed_metadata jsonb GENERATED ALWAYS AS (
    CASE WHEN reflection_type = 'voice'
         THEN jsonb_build_object('fileUrl', file_url, 'duration', duration_seconds, 'videoTimestamp', video_timestamp_seconds)
    END) STORED;
