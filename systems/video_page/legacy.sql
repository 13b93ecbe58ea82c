-- The video page's database as it is before the refit, with every defect it has in production.
-- Run it as a superuser on an empty database: psql -v ON_ERROR_STOP=1 -f legacy.sql
-- Then generate.sql fills it. No extension is needed; PostgreSQL 15 or newer.

SET client_min_messages = warning;

-- ---------------------------------------------------------------------------------------------------------------
-- Supabase's conventions, without Supabase. Roles belong to the whole cluster: another database may have made them.

DO $$
DECLARE
    missing record;
BEGIN
    FOR missing IN
        SELECT wanted.name, wanted.attributes
        FROM (VALUES ('anon', 'NOLOGIN NOINHERIT'),
                     ('authenticated', 'NOLOGIN NOINHERIT'),
                     ('service_role', 'NOLOGIN NOINHERIT BYPASSRLS')) AS wanted (name, attributes)
        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted.name)
    LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I %s', missing.name, missing.attributes);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- two databases of one cluster loaded at the same time
        END;
    END LOOP;
END
$$;

CREATE SCHEMA auth;

CREATE TABLE auth.users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text UNIQUE,
    created_at timestamptz DEFAULT now()
);

CREATE FUNCTION auth.uid() RETURNS uuid
    LANGUAGE sql STABLE
AS $$
    SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
$$;

COMMENT ON FUNCTION auth.uid() IS 'The signed-in user, from the claims of the request';

-- ---------------------------------------------------------------------------------------------------------------
-- Tables

CREATE TABLE public.courses (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    instructor_id uuid REFERENCES auth.users (id) ON DELETE SET NULL,
    title text NOT NULL,
    description text DEFAULT '',
    is_published boolean NOT NULL DEFAULT false,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);

CREATE TABLE public.videos (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    course_id uuid NOT NULL REFERENCES public.courses (id) ON DELETE CASCADE,
    chapter_id text NOT NULL,
    title text NOT NULL,
    description text DEFAULT '',
    duration text DEFAULT '0:00',
    duration_seconds integer DEFAULT 0,
    video_url text,
    thumbnail_url text,
    filename text NOT NULL,
    file_size bigint NOT NULL,
    status text DEFAULT 'pending',
    progress integer DEFAULT 0,
    backblaze_file_id text,
    backblaze_url text,
    bunny_url text,
    "order" integer DEFAULT 0,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);

CREATE TABLE public.quiz_attempts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid REFERENCES auth.users (id) ON DELETE CASCADE,
    video_id text NOT NULL,
    course_id text NOT NULL,
    video_timestamp numeric NOT NULL,
    questions jsonb NOT NULL,
    user_answers jsonb NOT NULL,
    score integer NOT NULL,
    total_questions integer NOT NULL,
    percentage numeric NOT NULL,
    quiz_duration_seconds integer,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);

CREATE TABLE public.reflections (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    course_id uuid REFERENCES public.courses (id) ON DELETE CASCADE,
    video_id uuid REFERENCES public.videos (id) ON DELETE CASCADE,
    reflection_prompt text,
    reflection_text text NOT NULL,
    reflection_type text
        CONSTRAINT reflections_reflection_type_check
        CHECK (reflection_type IN ('voice', 'screenshot', 'loom', 'text')),
    file_url text,
    duration_seconds numeric(10, 2),
    video_timestamp_seconds numeric(10, 2),
    instructor_response text,
    instructor_responded_at timestamptz,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);

COMMENT ON TABLE public.courses IS 'A course that an instructor teaches';
COMMENT ON TABLE public.videos IS 'The videos of a course, by chapter, and where they are stored';
COMMENT ON COLUMN public.videos.duration IS 'Display text, minutes:seconds';
COMMENT ON COLUMN public.videos.duration_seconds IS 'The same duration, to calculate with';
COMMENT ON TABLE public.quiz_attempts IS 'One answered quiz; quizzes pop up while a video plays';
COMMENT ON COLUMN public.quiz_attempts.video_timestamp IS 'Seconds into the video at which the quiz popped up';
COMMENT ON COLUMN public.quiz_attempts.questions IS
    'Array of {"id", "question", "options": [4 texts], "correct": index of the right option}';
COMMENT ON COLUMN public.quiz_attempts.user_answers IS 'Array of the chosen options, null where unanswered';
COMMENT ON TABLE public.reflections IS 'What a student says, draws or writes about a video';
COMMENT ON COLUMN public.reflections.reflection_text IS
    'Free text; old voice memos keep their file, duration and timestamp here as lines of text';

-- ---------------------------------------------------------------------------------------------------------------
-- Indexes: the first one serves the application, the rest serve nobody.

CREATE INDEX idx_reflections_user ON public.reflections (user_id, course_id);
CREATE INDEX idx_reflections_instructor_responded_at ON public.reflections (instructor_responded_at);
CREATE INDEX idx_quiz_attempts_percentage ON public.quiz_attempts (percentage);
CREATE INDEX idx_videos_filename ON public.videos (filename);

-- ---------------------------------------------------------------------------------------------------------------
-- Who may do what

GRANT USAGE ON SCHEMA public, auth TO anon, authenticated, service_role;
GRANT SELECT ON public.courses, public.videos TO anon;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON public.courses, public.videos, public.quiz_attempts, public.reflections TO authenticated;
GRANT ALL ON ALL TABLES IN SCHEMA public TO service_role;
GRANT ALL ON ALL TABLES IN SCHEMA auth TO service_role;

ALTER TABLE public.courses ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.videos ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.quiz_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.reflections ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Published courses are visible to everyone" ON public.courses
    FOR SELECT USING (is_published OR instructor_id = auth.uid());
CREATE POLICY "Instructors create their courses" ON public.courses
    FOR INSERT TO authenticated WITH CHECK (instructor_id = auth.uid());
CREATE POLICY "Instructors change their courses" ON public.courses
    FOR UPDATE TO authenticated USING (instructor_id = auth.uid()) WITH CHECK (instructor_id = auth.uid());
CREATE POLICY "Instructors delete their courses" ON public.courses
    FOR DELETE TO authenticated USING (instructor_id = auth.uid());

CREATE POLICY "Finished videos are visible to everyone" ON public.videos
    FOR SELECT USING (
        status = 'complete'
        OR EXISTS (SELECT 1 FROM public.courses c WHERE c.id = videos.course_id AND c.instructor_id = auth.uid()));
CREATE POLICY "Instructors add videos to their courses" ON public.videos
    FOR INSERT TO authenticated WITH CHECK (
        EXISTS (SELECT 1 FROM public.courses c WHERE c.id = videos.course_id AND c.instructor_id = auth.uid()));
CREATE POLICY "Instructors change videos of their courses" ON public.videos
    FOR UPDATE TO authenticated
    USING (EXISTS (SELECT 1 FROM public.courses c WHERE c.id = videos.course_id AND c.instructor_id = auth.uid()));
CREATE POLICY "Instructors delete videos of their courses" ON public.videos
    FOR DELETE TO authenticated
    USING (EXISTS (SELECT 1 FROM public.courses c WHERE c.id = videos.course_id AND c.instructor_id = auth.uid()));

CREATE POLICY "Students see their quiz attempts" ON public.quiz_attempts
    FOR SELECT USING (auth.uid() = user_id);
CREATE POLICY "Instructors see the quiz attempts of their courses" ON public.quiz_attempts
    FOR SELECT TO authenticated
    USING (EXISTS (
        SELECT 1 FROM public.courses c
        WHERE c.id::text = quiz_attempts.course_id AND c.instructor_id = auth.uid()));
CREATE POLICY "Students record their quiz attempts" ON public.quiz_attempts
    FOR INSERT TO authenticated WITH CHECK (auth.uid() = user_id);
CREATE POLICY "Students change their quiz attempts" ON public.quiz_attempts
    FOR UPDATE TO authenticated USING (auth.uid() = user_id) WITH CHECK (auth.uid() = user_id);
CREATE POLICY "Students delete their quiz attempts" ON public.quiz_attempts
    FOR DELETE USING (auth.uid() = user_id);

CREATE POLICY "Students see their reflections" ON public.reflections
    FOR SELECT USING (auth.uid() = user_id);
CREATE POLICY "Instructors see the reflections of their courses" ON public.reflections
    FOR SELECT TO authenticated
    USING (EXISTS (
        SELECT 1 FROM public.courses c WHERE c.id = reflections.course_id AND c.instructor_id = auth.uid()));
CREATE POLICY "Students write reflections" ON public.reflections
    FOR INSERT TO authenticated WITH CHECK (auth.uid() = user_id);
CREATE POLICY "Students change their reflections" ON public.reflections
    FOR UPDATE USING (auth.uid() = user_id) WITH CHECK (auth.uid() = user_id);
CREATE POLICY "Instructors answer reflections of their courses" ON public.reflections
    FOR UPDATE TO authenticated
    USING (EXISTS (
        SELECT 1 FROM public.courses c WHERE c.id = reflections.course_id AND c.instructor_id = auth.uid()))
    WITH CHECK (EXISTS (
        SELECT 1 FROM public.courses c WHERE c.id = reflections.course_id AND c.instructor_id = auth.uid()));
CREATE POLICY "Students delete their reflections" ON public.reflections
    FOR DELETE USING (auth.uid() = user_id);

RESET client_min_messages;
